import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a launch may take to claim before the benchmark gives up (ms). */
const CLAIM_MS = 120_000;

export type Claims = Awaited<ReturnType<typeof startClaims>>;

/** Stands where the API stands for a worker: notes when each launch claims. */
export async function startClaims({ limitMs = CLAIM_MS } = {}) {
  const waiting = new Map<string, (at: number) => void>();
  const server = createServer((request, response) => {
    const at = performance.now(); // when it came, not when it was read
    json(request).then(
      (body) => {
        const { launch_key } = body as { launch_key: string };
        waiting.get(launch_key)?.(at);
        response.end("{}");
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** When the launch claims, on the clock of `performance.now()`. @throws Error where it never does */
    async of(launchKey: string): Promise<number> {
      const claimed = Promise.withResolvers<number>();
      waiting.set(launchKey, claimed.resolve);
      const given = new AbortController();
      const late = sleep(limitMs, undefined, { signal: given.signal }).then((): never => {
        throw new Error(`${launchKey} has not claimed after ${limitMs / 1000} s`);
      });
      late.catch(() => {});
      try {
        return await Promise.race([claimed.promise, late]);
      } finally {
        given.abort();
        waiting.delete(launchKey);
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
