import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createStandInClock, type StandInClock } from "./stand-in-clock.ts";
import {
  createService,
  type ServiceOptions,
  type StandInDeployment,
  type StandInFaults,
  type StandInMarket,
  WrongState,
} from "./stand-in-service.ts";
import {
  CreateBody,
  deploymentView,
  eventView,
  jobView,
  listedJobView,
  marketView,
  Page,
  pageOf,
} from "./stand-in-wire.ts";

export interface StandInAnswer {
  status: number;
  /** A string goes out as it is, anything else as JSON. */
  body: unknown;
  headers?: Record<string, string>;
}

export interface StandInOptions {
  /** What a node runs in place of an image, and what the image itself would carry; the launch's variables go on top. */
  run: ServiceOptions["run"];
  /** 0: a free one. */
  port?: number;
  apiKey?: string;
  markets?: readonly StandInMarket[];
  freeUsd?: number;
  /** ms since 1970: the service's clock stands there until it is pushed. Without it the real time is shown. */
  clockStandsAt?: number;
  faults?: Partial<StandInFaults>;
}

export type NosanaStandIn = Awaited<ReturnType<typeof startNosanaStandIn>>;

export const STAND_IN_MARKETS: readonly StandInMarket[] = [
  {
    ...{ address: "StandInMarketRtx4090", slug: "nvidia-4090", name: "NVIDIA RTX 4090", type: "PREMIUM" },
    ...{ usd_reward_per_hour: 0.4, network_fee_percentage: 10, gpu_types: ["NVIDIA GeForce RTX 4090"] },
    lowest_vram: 24,
  },
  {
    ...{ address: "StandInMarketRtx3060", slug: "nvidia-3060", name: "NVIDIA RTX 3060", type: "COMMUNITY" },
    ...{ usd_reward_per_hour: 0.05, network_fee_percentage: 10, gpu_types: ["NVIDIA GeForce RTX 3060"] },
    lowest_vram: 12,
  },
];
/** Of what was sent here the newest is kept. */
const RECEIVED_BYTES = 8 << 20;
const REQUESTS = 20_000;
const BODY_BYTES = 1 << 20;

/**
 * A server on this machine that behaves like Nosana's deployments API, as far as it is used: its states and transitions, its errors, its
 * pages, and faults on demand. A "container" is a process group that gets nothing but `run` and the launch's variables.
 */
export async function startNosanaStandIn(options: StandInOptions) {
  const { run, port = 0, markets = STAND_IN_MARKETS, freeUsd = 100, clockStandsAt } = options;
  const clock: StandInClock = createStandInClock(clockStandsAt);
  const faults: StandInFaults = {
    ...{ startMs: 30, queueMs: 30, settleMs: 20, resultMs: 0, graceMs: 2000, listErrors: 0 },
    ...{ listRetryMs: 30_000, missingImage: undefined, ...options.faults },
  };
  const credits = { assigned: freeUsd, reserved: 0, settled: 0 };
  const service = createService({ clock, faults, credits, markets, run });
  const { deployments } = service;
  const line = {
    /** undefined: revoked */
    apiKey: (options.apiKey ?? "nos_stand_in") as string | undefined,
    /** What the next requests get in place of an answer: the first whose `to` fits "POST /deployments/create". */
    refusals: [] as (StandInAnswer & { to?: RegExp })[],
    /** Requests that take effect and are not answered; each is used once. */
    lost: [] as RegExp[],
    /** No request is answered any more. */
    silent: false,
    /** What the service does with the filters `name` and `search`: older ones do not know them. */
    names: "filtered" as "filtered" | "ignored" | "refused",
  };
  const received: string[] = [];
  let receivedBytes = 0;
  const requests: string[] = [];

  function answer(method: string, path: string, query: URLSearchParams, body: string): StandInAnswer {
    if (path === "/markets/" || path === "/markets") return ok(markets.map(marketView));
    if (path === "/credits/balance")
      return ok({
        ...{ assignedCredits: credits.assigned, reservedCredits: credits.reserved },
        settledCredits: credits.settled,
      });
    if (method === "POST" && path === "/deployments/create") return create(body);
    if (method === "GET" && path === "/deployments") return list(query);
    const [, id = "", action = "", job = ""] =
      /^\/deployments\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path) ?? [];
    if (!id) return noRoute(method, path);
    const deployment = deployments.get(id);
    if (!deployment) return { status: 404, body: { error: "Deployment not found." } };
    if (method === "POST") return change(deployment, action, path);
    if (method === "DELETE" && !action) return remove(deployment);
    if (method === "GET") return read(deployment, action, job, query) ?? noRoute(method, path);
    return noRoute(method, path);
  }

  function create(body: string): StandInAnswer {
    const parsed = CreateBody.safeParse(parse(body));
    if (!parsed.success) return invalid("body", parsed.error.issues[0]);
    if (!markets.some(({ address }) => address === parsed.data.market))
      return { status: 400, body: { error: "Invalid request body." } };
    return ok(deploymentView(service.create(parsed.data)));
  }

  function list(query: URLSearchParams): StandInAnswer {
    const asked = Object.fromEntries(query);
    const page = Page.safeParse(asked);
    if (!page.success) return invalid("querystring", page.error.issues[0]);
    if (line.names === "refused" && (asked.name ?? asked.search) !== undefined)
      return invalid("querystring", { path: [], message: "must NOT have additional properties" });
    const { status, created_after, ...names } = page.data;
    const { name, search } = line.names === "filtered" ? names : {};
    const states = status?.split(",");
    const found = [...deployments.values()].filter(
      (deployment) =>
        (!states || states.includes(deployment.status)) &&
        (name === undefined || deployment.body.name === name) &&
        (search === undefined || deployment.body.name.includes(search)) &&
        (!created_after || deployment.createdAt > Date.parse(created_after)),
    );
    const { shown, pagination } = pageOf(found, page.data);
    return ok({ deployments: shown.map(deploymentView), pagination });
  }

  function change(deployment: StandInDeployment, action: string, path: string): StandInAnswer {
    if (deployment.status === "ARCHIVED")
      return { status: 500, body: { error: "Cannot modify an archived deployment." } };
    if (action === "start") service.start(deployment);
    else if (action === "stop") service.stop(deployment);
    else if (action === "archive") service.archive(deployment);
    else return noRoute("POST", path);
    const { status, updatedAt } = deployment;
    return ok({ status, updated_at: new Date(updatedAt).toISOString() });
  }

  function remove(deployment: StandInDeployment): StandInAnswer {
    if (deployment.status !== "STOPPED") throw new WrongState();
    deployments.delete(deployment.id);
    return { status: 204, body: "" };
  }

  function read(deployment: StandInDeployment, action: string, id: string, query: URLSearchParams) {
    if (!action) return ok(deploymentView(deployment));
    if (action === "jobs" && id) {
      const job = deployment.jobs.find((other) => other.id === id);
      return job ? ok(jobView(deployment, job)) : { status: 404, body: { error: "Job not found." } };
    }
    const page = Page.safeParse(Object.fromEntries(query));
    if (!page.success) return invalid("querystring", page.error.issues[0]);
    const numbered = <T extends object>(items: T[]) => items.map((item, seq) => ({ ...item, seq }));
    if (action === "jobs") {
      const { shown, pagination } = pageOf(numbered(deployment.jobs), page.data);
      return ok({ jobs: shown.map((job) => listedJobView(deployment, job)), pagination });
    }
    if (action === "events") {
      const { shown, pagination } = pageOf(numbered(deployment.events), page.data);
      return ok({ events: shown.map((event) => eventView(deployment, event)), pagination });
    }
    return undefined;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    const body = await bodyOf(request);
    const text = [`${method} ${url}`, JSON.stringify(headers), body].filter(Boolean).join("\n");
    received.push(text);
    receivedBytes += text.length;
    while (receivedBytes > RECEIVED_BYTES) receivedBytes -= received.shift()?.length ?? receivedBytes;
    const { pathname, searchParams } = new URL(url, "http://stand-in");
    const path = pathname.replace(/^\/api/, "");
    const called = `${method} ${path}`;
    if (requests.push(called) > REQUESTS) requests.shift();
    if (line.silent) return;
    const send = ({ status, body: said, headers: more = {} }: StandInAnswer) => {
      const type = typeof said === "string" ? "text/plain" : "application/json";
      response.sendDate = false;
      response.writeHead(status, {
        ...{ "content-type": type, date: new Date(clock.now()).toUTCString(), ...more },
      });
      response.end(typeof said === "string" ? said : JSON.stringify(said));
    };
    if (!line.apiKey || headers.authorization !== `Bearer ${line.apiKey}`)
      return send({ status: 401, body: "Unauthorized" });
    const refusal = line.refusals.findIndex(({ to }) => !to || to.test(called));
    const [refused] = refusal < 0 ? [] : line.refusals.splice(refusal, 1);
    if (refused) return send(refused);
    const given = attempt(() => answer(method, path, searchParams, body));
    const lost = line.lost.findIndex((fault) => fault.test(called));
    if (lost >= 0) {
      line.lost.splice(lost, 1);
      request.socket.destroy(); // it has happened, and nobody is told
      return;
    }
    send(given);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000; // a machine that is busy may take long between two requests
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const running = () =>
    [...deployments.values()].flatMap(({ id, body, jobs }) =>
      jobs.filter(({ container }) => container?.alive()).map(() => ({ id, name: body.name })),
    );

  return {
    /** What NOSANA_API_BASE is set to. */
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    clock,
    faults,
    line,
    /** By id, in the order in which they were made. */
    deployments,
    /** "POST /deployments/create", in order. */
    requests,
    /** All that was sent here, headers too. */
    received: () => received.join("\n\n"),
    /** Deployments with a live container, one entry for each. */
    running,
    /** What the container of a running deployment with this name has printed so far. */
    printed: (name: string) =>
      [...deployments.values()]
        .filter(({ body }) => body.name === name)
        .flatMap(({ jobs }) => jobs.flatMap(({ container }) => container?.logs() ?? []))
        .map(({ log }) => log)
        .join("\n"),
    /** What is spent or reserved of the account's credits (US dollars) lies in between; below 0 the service archives everything. */
    setFreeUsd: service.setFree,
    freeUsd: service.free,
    /** The node of a deployment goes away: with a last word ("shut down") or without ("dead"). */
    endNode(id: string, why: "shut down" | "dead"): void {
      const deployment = deployments.get(id);
      if (deployment) service.endNode(deployment, why);
    },
    /** Deployments that others have left on the account. */
    fill(
      count: number,
      { status, name, createdAt }: { status: "STOPPED" | "DRAFT"; name: string; createdAt: number },
    ): void {
      const [market] = markets;
      const body = CreateBody.parse({
        ...{ name, market: market?.address, replicas: 1, timeout: 60, strategy: "SIMPLE" },
        job_definition: {
          ...{ version: "0.1", type: "container" },
          ops: [{ type: "container/run", id: "old", args: { image: "somebody/else" } }],
        },
      });
      for (let n = 0; n < count; n++) service.create({ ...body, name: `${name}${n}` }, createdAt + n, status);
    },
    /** Kills what runs and lets the port go. */
    async close(): Promise<void> {
      clock.stop();
      service.close();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const ok = (body: unknown): StandInAnswer => ({ status: 200, body });
const invalid = (where: string, issue?: { path: PropertyKey[]; message: string }): StandInAnswer => ({
  status: 400,
  body: {
    ...{ statusCode: 400, code: "FST_ERR_VALIDATION", error: "Bad Request" },
    message: `${[where, ...(issue?.path ?? [])].join("/")} ${issue?.message ?? "is invalid"}`,
  },
});
const noRoute = (method: string, path: string): StandInAnswer => ({
  status: 404,
  body: { message: `Route ${method}:${path} not found`, error: "Not Found", statusCode: 404 },
});

/** A wrong state is a 500 there, not a 409. */
function attempt(answer: () => StandInAnswer): StandInAnswer {
  try {
    return answer();
  } catch (error) {
    const wrong = error instanceof WrongState;
    return {
      status: 500,
      body: {
        error: wrong ? "Deployment is in the incorrect state." : "Ops something went wrong, please again.",
      },
    };
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) throw new Error("too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
