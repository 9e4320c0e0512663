import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { POINTS, type Point } from "./points.ts";
import type { Behaviour } from "./worker.ts";

/** What a provider asks of an engine or a market within one call of its port, and which job leads there. */
const CALLS = {
  docker: {
    "engine.create": "ok",
    "engine.start": "ok",
    "engine.stop": "cancelled",
    "engine.remove": "ok",
  },
  nosana: {
    "market.create": "ok",
    "market.start": "ok",
    "market.stop": "cancelled",
    "market.archive": "ok",
  },
} satisfies Record<string, Record<string, Behaviour>>;

/** Places to die between two requests of one call: something was begun at the provider, and the rest of it was not. */
export const wirePoints = (kind: keyof typeof CALLS): Point[] =>
  Object.entries(CALLS[kind]).flatMap(([call, behaviour]) =>
    ["before", "after"].map((when) => ({ name: `${when}:${call}`, behaviour })),
  );

/** Every place at which the API can be killed on purpose, with its launches at such a provider. */
export const pointsAt = (kind: "process" | keyof typeof CALLS): readonly Point[] =>
  kind === "process" ? POINTS : [...POINTS, ...wirePoints(kind)];

/** Names for requests: method and path; what is not here is only a question. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^POST \/(v[\d.]+\/)?containers\/create\b/, "engine.create"],
  [/^POST \/(v[\d.]+\/)?containers\/[^/]+\/start\b/, "engine.start"],
  [/^POST \/(v[\d.]+\/)?containers\/[^/]+\/(stop|kill)\b/, "engine.stop"],
  [/^DELETE \/(v[\d.]+\/)?containers\//, "engine.remove"],
  [/^POST \/api\/deployments\/create\b/, "market.create"],
  [/^POST \/api\/deployments\/[^/]+\/start\b/, "market.start"],
  [/^POST \/api\/deployments\/[^/]+\/stop\b/, "market.stop"],
  [/^POST \/api\/deployments\/[^/]+\/archive\b/, "market.archive"],
];
const nameOf = (method: string | undefined, path: string | undefined) =>
  NAMES.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1];

/**
 * Calls `reached` with the name of each point on the wire as it is passed: before anything of a request is sent, and once its answer has come
 * and nobody has heard of it. Node itself tells of them, so the product knows nothing of this.
 */
export function watchWire(reached: (point: string) => void): void {
  const told = (when: string, request: { method?: string; path?: string }) => {
    const name = nameOf(request.method, request.path);
    if (name) reached(`${when}:${name}`);
  };
  // the engine is asked through node:http, the market by fetch
  subscribe("http.client.request.created", (message) =>
    told("before", (message as { request: ClientRequest }).request),
  );
  subscribe("http.client.response.finish", (message) =>
    told("after", (message as { request: ClientRequest }).request),
  );
  type Fetched = { request: { method?: string; path?: string } };
  subscribe("undici:request:create", (message) => told("before", (message as Fetched).request));
  subscribe("undici:request:headers", (message) => told("after", (message as Fetched).request));
}
