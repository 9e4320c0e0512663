import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createApp } from "./app.ts";
import type { Config } from "./config.ts";
import { ownHost } from "./own-host.ts";
import { createServices, type Services, type ServicesOptions } from "./services.ts";

const WEB_DIR = fileURLToPath(new URL("../../web", import.meta.url));
const DRAIN_MS = 8000;

export interface RunningServer {
  /** Where it can be reached from this machine. */
  url: string;
  services: Services;
  /**
   * Takes no new requests, lets the running ones end (long-lived streams are ended), then closes the stores.
   * @param announceMs for so long `/readyz` says 503 before connections are refused, so that who balances load can turn elsewhere
   */
  stop(options?: { announceMs?: number }): Promise<void>;
}

/**
 * Starts the API, with the built page on the same port where the configuration says so.
 * @throws Error EADDRINUSE where the port is taken, or where the page was never built
 */
export async function startServer(options: Omit<ServicesOptions, "ownUrl">): Promise<RunningServer> {
  const { config, log } = options;
  const draining = new AbortController();
  let ownUrl = "";
  const services = await createServices({ ...options, ownUrl: () => ownUrl });
  const app = createApp({ config, services, log, draining: draining.signal });
  const server = createServer(app);
  server.requestTimeout = 0; // uploads of many GB; headers and idle connections have time-outs of their own
  try {
    const { port } = await listening(server, config);
    ownUrl = `http://${ownHost(config.host)}:${port}`;
    if (config.web) app.use(await page(server, config.host, port));
  } catch (error) {
    server.close();
    await services.close();
    throw error;
  }
  services.reconciler.start();
  return {
    url: ownUrl.replace("//127.0.0.1:", "//localhost:"), // as people write it
    services,
    async stop({ announceMs = 0 } = {}) {
      draining.abort();
      if (announceMs > 0) await sleep(announceMs);
      if (announceMs > 0) await untilQuiet();
      const closed = new Promise((resolve) => server.close(resolve));
      // a stream that is being ended leaves its connection idle a moment later
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      await Promise.race([closed, sleep(DRAIN_MS, undefined, { ref: false })]);
      clearInterval(idle);
      server.closeAllConnections();
      await services.close();
    },
  };
}

const QUIET_MS = 25;
const HEARING_MS = 3000;
/**
 * Waits until the event loop keeps its time. A process that was too busy to accept who came, or to read what they asked, would otherwise
 * reset their connections when it closes.
 */
async function untilQuiet(): Promise<void> {
  const end = performance.now() + HEARING_MS;
  for (let quiet = 0; quiet < 3 && performance.now() < end; ) {
    const from = performance.now();
    await sleep(QUIET_MS);
    quiet = performance.now() - from < 2 * QUIET_MS ? quiet + 1 : 0;
  }
}

function listening(server: Server, { host, port }: Config): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

interface NextServer {
  prepare(): Promise<void>;
  getRequestHandler(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

async function page(httpServer: Server, hostname: string, port: number) {
  const { default: imported } = await import("next");
  // CommonJS: some ways to resolve types say one "default" too many
  const next = imported as unknown as (options: object) => NextServer;
  const web = next({ dev: false, dir: WEB_DIR, httpServer, hostname, port });
  await web.prepare();
  const handle = web.getRequestHandler();
  return (request: IncomingMessage, response: ServerResponse) => void handle(request, response);
}
