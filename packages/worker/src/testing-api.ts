import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** One request of a worker. */
export interface Asked {
  /** "claim", "report" … */
  path: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any shape
  body: any;
  token: string | undefined;
}
/** `cut` breaks the connection in the middle of the answer. */
export type Answer = { status?: number; body?: unknown; text?: string; cut?: true };

export const PULSE = { cancel: false, lease_until: "2030-01-01T00:00:00Z" };
export const problem = (status: number, code: string, detail = code): Answer => ({
  status,
  body: { detail, code },
});

/**
 * The API's place on loopback for tests of what the worker says: keeps every request and answers as it is told.
 * @param answer for one request; `count` says the how many-th of its path it is, from 1 @param port of one that was there before
 */
export async function startApiPlace(answer: (asked: Asked, count: number) => Answer, port = 0) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const path = (request.url ?? "").replace("/api/worker/", "");
    const one = { path, body: await json(request), token: request.headers["x-attempt-token"]?.toString() };
    asked.push(one);
    const count = asked.filter((other) => other.path === path).length;
    const { status = 200, body = PULSE, text = JSON.stringify(body), cut } = answer(one, count);
    response.writeHead(status, { "content-type": "application/json", "content-length": text.length });
    if (cut) response.write(text.slice(0, 5), () => response.destroy());
    else response.end(text);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: own } = server.address() as AddressInfo;
  return {
    port: own,
    url: `http://127.0.0.1:${own}`,
    asked,
    /** The bodies that came for one path. */
    bodies: (path: string) => asked.filter((one) => one.path === path).map(({ body }) => body),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Waits until something is so. @throws Error after 30 s */
export async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 1500) throw new Error("it did not happen within 30 s");
    await new Promise((wait) => setTimeout(wait, 20));
  }
}
