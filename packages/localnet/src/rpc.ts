import { z } from "zod";
import { RPC, RpcError } from "./errors.ts";
import { type FaultSwitches, failureError, late } from "./faults.ts";
import type { Method } from "./params.ts";

const MAX_BATCH = 100;
const Request = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string().max(100),
  params: z.array(z.unknown()).nullish(),
});

/** What the transport does with a body: send a text, send a bare HTTP status, or end the connection without an answer. */
export type Reply = { text: string } | { status: number } | "drop";

/** Answers the bodies of JSON-RPC 2.0, one call or a batch; whatever comes in, an answer goes out. */
export function createRpc(
  methods: Record<string, Method>,
  faults: FaultSwitches,
  log: (error: unknown) => void,
) {
  async function answer(call: unknown): Promise<object | { status: number } | "drop" | undefined> {
    const parsed = Request.safeParse(call);
    if (!parsed.success) return failed(idOf(call), new RpcError(RPC.invalidRequest, "Invalid request"));
    const { id, method, params } = parsed.data;
    const fault = faults.take(method);
    if (fault.failure && "status" in fault.failure) return fault.failure;
    let told: object;
    try {
      if (fault.failure) throw failureError(fault.failure);
      const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (!run) throw new RpcError(RPC.methodNotFound, "Method not found");
      told = { jsonrpc: "2.0", result: (await run(params ?? [])) ?? null, id: id ?? null };
    } catch (error) {
      if (!(error instanceof RpcError)) log(error);
      told = failed(id ?? null, error);
    }
    await late(fault.delayMs); // it is done already: whoever waits no longer does not undo it
    if (fault.drop) return "drop";
    return id === undefined ? undefined : told; // a notification is carried out, and not answered
  }

  return async (body: string): Promise<Reply> => {
    let calls: unknown;
    try {
      calls = JSON.parse(body);
    } catch {
      return { text: JSON.stringify(failed(null, new RpcError(RPC.parse, "Parse error"))) };
    }
    if (!Array.isArray(calls)) {
      const only = await answer(calls);
      if (only === "drop" || (only && "status" in only)) return only;
      return { text: only ? JSON.stringify(only) : "" };
    }
    if (calls.length === 0 || calls.length > MAX_BATCH)
      return { text: JSON.stringify(failed(null, new RpcError(RPC.invalidRequest, "Invalid request"))) };
    const answers: object[] = [];
    for (const call of calls) {
      const told = await answer(call);
      if (told === "drop" || (told && "status" in told)) return told as Reply;
      if (told) answers.push(told);
    }
    return { text: answers.length > 0 ? JSON.stringify(answers) : "" };
  };
}

const idOf = (call: unknown) => {
  const id = typeof call === "object" && call !== null && "id" in call ? call.id : null;
  return typeof id === "string" || typeof id === "number" ? id : null;
};

function failed(id: string | number | null, error: unknown): object {
  const { code, message, data } =
    error instanceof RpcError ? error : { code: RPC.internal, message: "Internal error", data: undefined };
  return { jsonrpc: "2.0", error: { code, message, ...(data !== undefined && { data }) }, id };
}
