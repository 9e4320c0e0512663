import { z } from "zod";
import type { RpcPlace } from "./rpc-places.ts";

/** An RPC was asked and did not say: another one, or the same one later, may. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  readonly host: string;
  readonly retryAfterMs: number | undefined;
  constructor(host: string, why: string, retryAfterMs?: number) {
    super(why);
    this.host = host;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a trial run of a transaction came to. */
const Trial = z.object({ err: z.unknown() });

/** An RPC's error that any other one would give too. Its words are not kept: they may repeat what must not be told. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;
  /** Of a trial run (-32002): the transaction's error. */
  readonly failure: unknown;
  /** How many times the question had been put by then, this time included: 1 means that nobody else has heard it. */
  tries = 1;
  constructor(host: string, method: string, code: number, failure?: unknown) {
    super(`${host} refused ${method} (${code})`);
    this.code = code;
    this.failure = failure;
  }
}

export const PREFLIGHT_FAILED = -32002;
export const UNSUPPORTED_VERSION = -32015;

/**
 * Codes of what is asked, and not of who is asked (Agave's rpc_custom_error.rs, and JSON-RPC's own). All others are those of an RPC that is
 * busy, behind, not whole, or does not want this key: another one may answer.
 */
const FINAL = new Set([
  ...[PREFLIGHT_FAILED, -32003, -32006, -32010, -32013, UNSUPPORTED_VERSION, -32018],
  ...[-32600, -32601, -32602],
]);

const Envelope = z.union([
  z.object({ error: z.object({ code: z.number(), data: z.unknown().optional() }) }),
  z.object({ result: z.unknown() }),
]);

export interface Question {
  fetch: typeof globalThis.fetch;
  place: RpcPlace;
  method: string;
  params: readonly unknown[];
  timeoutMs: number;
  maxBytes: number;
}

/** Asks one RPC once. @throws NoAnswer | Refusal */
export async function tryOnce<T>(question: Question, schema: z.ZodType<T>): Promise<T> {
  const { place, method } = question;
  const body = await answerOf(question);
  const parsed = Envelope.safeParse(body);
  if (!parsed.success) throw new NoAnswer(place.host, "an answer that is no JSON-RPC");
  if ("error" in parsed.data) {
    const { code, data } = parsed.data.error;
    if (!FINAL.has(code)) throw new NoAnswer(place.host, `code ${code}`);
    throw new Refusal(place.host, method, code, Trial.safeParse(data).data?.err);
  }
  const result = schema.safeParse(parsed.data.result);
  if (!result.success) throw new NoAnswer(place.host, "an answer of another shape");
  return result.data;
}

async function answerOf({ fetch, place, method, params, timeoutMs, maxBytes }: Question): Promise<unknown> {
  let response: Response;
  let text: string | undefined;
  try {
    response = await fetch(place.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(place.authorization !== undefined && { authorization: place.authorization }),
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      redirect: "manual", // an RPC does not redirect, and a redirect would carry the question, and its key, elsewhere
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await textOf(response, maxBytes);
  } catch (error) {
    throw new NoAnswer(place.host, whyOf(error));
  }
  if (text === undefined) throw new NoAnswer(place.host, "an answer that is too long");
  const retryAfterMs = response.status === 429 ? retryAfterOf(response) : undefined;
  // Some answer an error of JSON-RPC with a status of HTTP: it says more than the status does.
  const json = jsonOf(text);
  if (response.ok || (response.status !== 429 && hasError(json))) return json;
  throw new NoAnswer(place.host, `HTTP ${response.status}`, retryAfterMs);
}

async function textOf(response: Response, maxBytes: number): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes) return undefined; // leaving the loop cancels the rest
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const hasError = (json: unknown) =>
  typeof json === "object" && json !== null && "error" in json && Envelope.safeParse(json).success;

/** Seconds or a date, as HTTP has it; a second where it says nothing that can be used. */
function retryAfterOf(response: Response): number {
  const said = response.headers.get("retry-after") ?? "";
  const ms = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : 1000;
}

/** Node's code for what happened to the connection: its messages hold addresses. */
function whyOf(error: unknown): string {
  const { name = "", code, cause } = error as { name?: string; code?: unknown; cause?: { code?: unknown } };
  if (name === "TimeoutError") return "no answer in time";
  const known = cause?.code ?? code;
  return typeof known === "string" ? known : name || "no connection";
}
