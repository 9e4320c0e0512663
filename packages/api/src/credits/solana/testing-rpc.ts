import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { pino } from "pino";

/** A log whose lines a test can read, all levels. */
export function readableLog() {
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  return { log, lines, text: () => lines.join("") };
}

export interface Asked {
  method: string;
  params: unknown[];
}
/** What a stand-in node answers: an RPC's result or error, or what it does to the connection. */
export type Answer =
  | { result: unknown }
  | { error: { code: number; message?: string; data?: unknown } }
  | ((response: ServerResponse, request: IncomingMessage) => void);

/**
 * A node on 127.0.0.1 that answers what a test says: for answers that are slow, cut or lost. `answer` is asked for each call but
 * getGenesisHash, which is `genesis`.
 */
export async function startStandIn(answer: (asked: Asked) => Answer, genesis = "stand-in") {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { method, params } = (await json(request)) as Asked;
    asked.push({ method, params });
    const said = method === "getGenesisHash" ? { result: genesis } : answer({ method, params });
    if (typeof said === "function") return said(response, request);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, ...said }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    of: (method: string) => asked.filter((each) => each.method === method),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
