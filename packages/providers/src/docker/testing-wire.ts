import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { ComputeProvider } from "../provider.ts";
import { createDockerProvider, type DockerProviderOptions } from "./docker.ts";

/** One call as it came in. */
export interface WireCall {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON was sent
  body: any;
}
export interface WireContainer {
  body: WireCall["body"];
  status: "created" | "running" | "exited";
  exitCode: number;
}
type Handler = (call: WireCall, response: ServerResponse) => void | Promise<void>;

/**
 * A stand-in for an engine on a port of this machine that speaks its API as far as launches need it and keeps no process: for GPUs that
 * are not here, and for answers that a healthy engine does not give. `await using` ends it.
 */
export async function startWireEngine({ info = {} }: { info?: object } = {}) {
  const containers = new Map<string, WireContainer>();
  const volumes = new Set<string>();
  const images = new Map<string, object>([
    ["worker:1", { Entrypoint: ["node", "/worker.mjs"], Cmd: null, User: "" }],
  ]);
  const calls: WireCall[] = [];
  const overrides: { match: RegExp; handler: Handler; times: number }[] = [];
  /** How long each call takes (ms), so that several are under way at once. */
  let delayMs = 0;
  let engineInfo: object = { Name: "wire", ServerVersion: "28.3.0", MemTotal: 8e9, NCPU: 8, ...info };

  const seen = (name: string, { body, status, exitCode }: WireContainer) => ({
    Name: `/${name}`,
    State: { Status: status, ExitCode: exitCode, OOMKilled: false, Error: "", ...TIMES },
    Config: { Labels: body.Labels },
  });

  const routes: [RegExp, (call: WireCall, name: string) => [status: number, answer?: unknown]][] = [
    [/^GET \/info$/, () => [200, engineInfo]],
    [
      /^GET \/images\/(.+)\/json$/,
      (_, name) =>
        images.has(name)
          ? [200, { Id: "sha256:1", Config: images.get(name) }]
          : [404, { message: `No such image: ${name}` }],
    ],
    [
      /^POST \/containers\/create$/,
      ({ query, body }) => {
        const name = query.get("name") ?? "";
        if (containers.has(name))
          return [409, { message: `Conflict. The container name "/${name}" is already in use` }];
        containers.set(name, { body, status: "created", exitCode: 0 });
        return [201, { Id: "1".repeat(64), Warnings: [] }];
      },
    ],
    [
      /^GET \/containers\/json$/,
      ({ query }) => {
        const [label = ""] = JSON.parse(query.get("filters") ?? "{}").label ?? [];
        const [key, value] = label.split("=");
        return [
          200,
          [...containers]
            .filter(([, { body }]) => (value === undefined ? key in body.Labels : body.Labels[key] === value))
            .map(([name, { body, status }]) => ({
              Names: [`/${name}`],
              Labels: body.Labels,
              State: status,
              Created: 1.7e9,
            })),
        ];
      },
    ],
    [
      /^GET \/volumes\/(.+)$/,
      (_, name) => (volumes.has(name) ? [200, { CreatedAt: TIMES.StartedAt }] : NOT_THERE),
    ],
    [
      /^POST \/volumes\/create$/,
      ({ body }) => {
        volumes.add(body.Name);
        return [201, { Name: body.Name }];
      },
    ],
    [/^DELETE \/volumes\/(.+)$/, (_, name) => (volumes.delete(name) ? [204] : NOT_THERE)],
    [
      /^\w+ \/containers\/([^/]+)(?:\/\w+)?$/,
      ({ method, path }, name) => {
        const container = containers.get(name);
        if (!container) return [404, { message: `No such container: ${name}` }];
        if (method === "DELETE") {
          containers.delete(name);
          return [204];
        }
        if (path.endsWith("/json")) return [200, seen(name, container)];
        if (path.endsWith("/start")) {
          if (container.status === "running") return [304];
          container.status = "running";
        }
        if (path.endsWith("/kill")) {
          container.status = "exited";
          container.exitCode = 143;
        }
        return [204];
      },
    ],
  ];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://engine");
    let sent = "";
    for await (const chunk of request) sent += chunk;
    const call = {
      method: request.method ?? "",
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      body: sent ? JSON.parse(sent) : undefined,
    };
    calls.push(call);
    await sleep(delayMs);
    const line = `${call.method} ${call.path}`;
    const override = overrides.find(({ match, times }) => times > 0 && match.test(line));
    if (override) {
      override.times--;
      return override.handler(call, response);
    }
    for (const [pattern, route] of routes) {
      const match = pattern.exec(line);
      if (match) return reply(response, ...route(call, match[1] ?? ""));
    }
    reply(response, 404, { message: "page not found" });
  }

  const server = createServer(
    (request, response) => void answer(request, response).catch(() => response.destroy()),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    /** As the provider's option `engine`. */
    address: { host: "127.0.0.1", port },
    containers,
    volumes,
    images,
    calls,
    setDelay(ms: number): void {
      delayMs = ms;
    },
    setInfo(next: object): void {
      engineInfo = { ...engineInfo, ...next };
    },
    /** The next calls like this ("POST /containers/create") are answered otherwise. */
    on(
      match: RegExp,
      handler: Handler | [status: number, message: string],
      times = Number.POSITIVE_INFINITY,
    ): void {
      overrides.unshift({
        match,
        times,
        handler: Array.isArray(handler)
          ? (_, response) => reply(response, handler[0], { message: handler[1] })
          : handler,
      });
    },
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export type WireEngine = Awaited<ReturnType<typeof startWireEngine>>;

/** A provider on it. */
export const openOn = (wire: WireEngine, more: Partial<DockerProviderOptions> = {}): ComputeProvider =>
  createDockerProvider({ engine: wire.address, scope: "abcd", image: "worker:1", gpus: "none", ...more });

/** The calls that created containers, or tried to. */
export const created = (wire: WireEngine): WireCall[] =>
  wire.calls.filter(({ path }) => path === "/containers/create");

const TIMES = { StartedAt: "2026-01-02T03:04:05.678Z", FinishedAt: "2026-01-02T03:05:05.678Z" };
const NOT_THERE: [number, unknown] = [404, { message: "get: no such volume" }];

function reply(response: ServerResponse, status: number, answer?: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(answer === undefined ? undefined : JSON.stringify(answer));
}
