import { request as connect, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Line {
  /** On 127.0.0.1. */
  port: number;
  url: string;
  /** The next request of this kind arrives and is worked off, but its answer is lost on the way. */
  loseAnswerTo(isMeant: (method: string, path: string) => boolean): void;
  /** Every request from now on is taken, and none is passed on or answered. */
  silence(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An HTTP line of its own to a place at another port or socket: as good as none, until something is wrong with it. */
export async function openLine(to: { host?: string; port: number } | { socketPath: string }): Promise<Line> {
  let isLost: ((method: string, path: string) => boolean) | undefined;
  let silent = false;
  const server = createServer((request, response) => {
    if (silent) return;
    const { method = "GET", url: path = "/", headers } = request;
    const onward = connect({ ...to, method, path, headers }, (answer) => {
      if (isLost?.(method, path)) {
        isLost = undefined;
        answer.resume();
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  const port = await listen(server);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    loseAnswerTo(isMeant) {
      isLost = isMeant;
    },
    silence() {
      silent = true;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** A port of 127.0.0.1 where nobody answers. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return (server.address() as AddressInfo).port;
}
