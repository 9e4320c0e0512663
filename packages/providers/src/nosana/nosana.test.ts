import { afterAll, beforeAll, expect, test } from "vitest";
import { runProviderConformance } from "../conformance.ts";
import type { LaunchSpec, ProviderErrorKind } from "../provider.ts";
import { aLaunch, BEHAVIOURS, type Behaviour, checksBut } from "../testing.ts";
import { closedPort, type Line, openLine } from "../testing-line.ts";
import { createNosanaProvider, type NosanaProviderOptions } from "./nosana.ts";
import { type NosanaStandIn, type StandInAnswer, startNosanaStandIn } from "./stand-in.ts";

const DIGEST = `@sha256:${"0".repeat(64)}`;
let standIn: NosanaStandIn;
let line: Line;

const provider = (behaviour: Behaviour, options: Partial<NosanaProviderOptions> = {}) =>
  createNosanaProvider({
    ...{ apiKey: "nos_stand_in", baseUrl: standIn.url, markets: [], scope: "ours", settings: {} },
    image: `kk/${behaviour}${DIGEST}`,
    ...options,
  });

beforeAll(async () => {
  standIn = await startNosanaStandIn({
    run: (image) => ({
      command: [process.execPath, "-e", BEHAVIOURS[/^kk\/(\w+)/.exec(image)?.[1] as Behaviour]],
      env: { PATH: process.env.PATH ?? "" },
    }),
    faults: { graceMs: 300 },
  });
  line = await openLine({ port: Number(new URL(standIn.url).port) });
});
afterAll(async () => {
  await line[Symbol.asyncDispose]();
  await standIn.close();
});

const CREATE = /create$/;
/** The service gives this answer in place of its own, once. */
const refused = (
  when: string,
  kind: ProviderErrorKind,
  answer: StandInAnswer & { to?: RegExp },
  more: { says?: RegExp; retryAfterMs?: number } = {},
) => ({
  ...{ when, kind, ...more },
  open: () => {
    standIn.line.refusals.push(answer);
    return provider("waits");
  },
});
/** What the launch asks for, or the adapter was given, is the reason. */
const unfit = (
  when: string,
  kind: ProviderErrorKind,
  { launch = {}, options = {} }: { launch?: Partial<LaunchSpec>; options?: Partial<NosanaProviderOptions> },
) => ({ when, kind, launch, open: () => provider("waits", options) });
const { requirements } = aLaunch();

const checks = runProviderConformance("nosana against its stand-in", {
  open: (behaviour, scope) => provider(behaviour, { scope }),
  capabilities: {
    submit: "lookup",
    deadline: "native",
    logs: "after-exit",
    envVisibleTo: "public",
    gpu: true,
    list: true,
  },
  alive: (launchKey) => standIn.running().filter(({ name }) => name === `kk:ours:${launchKey}`).length,
  sent: (launchKey) =>
    standIn
      .received()
      .split("\n\n")
      .filter((request) => request.includes(launchKey))
      .join("\n"),
  printed: (launchKey, scope) => standIn.printed(`kk:${scope}:${launchKey}`),
  // minutes are the smallest unit, and 10 of them are added to what the worker has
  deadline: { seconds: 1, pass: () => standIn.clock.advance(12 * 60_000) },
  line: {
    losesAnswer: () => {
      standIn.line.lost.push(/start$/);
      return provider("waits");
    },
    unreachable: async () => provider("waits", { baseUrl: `http://127.0.0.1:${await closedPort()}` }),
    silent: () => {
      line.silence();
      return provider("waits", { baseUrl: line.url });
    },
  },
  refusals: [
    refused("the key was revoked", "AUTH", { status: 401, body: "Unauthorized" }, { says: /NOSANA_API_KEY/ }),
    refused(
      "too much was asked",
      "RATE_LIMITED",
      {
        ...{ status: 429, body: "Too Many Requests", headers: { "retry-after": "7" }, to: CREATE },
      },
      { retryAfterMs: 7000 },
    ),
    refused("payment is required", "FUNDS", { status: 402, body: { error: "Payment Required" }, to: CREATE }),
    refused("the credits are used up, which is a 500", "FUNDS", {
      ...{
        status: 500,
        body: { error: "Insufficient credits. Required: $1, Available: $0.000" },
        to: CREATE,
      },
    }),
    refused("a proxy answers in its place", "UNAVAILABLE", { status: 502, body: "<html>Bad Gateway</html>" }),
    refused("the definition is not understood", "INVALID", {
      ...{ status: 400, body: { error: "Invalid request body." }, to: CREATE },
    }),
    unfit("the image has no name that can be pulled", "IMAGE", { options: { image: "KangKlip Worker" } }),
    unfit("no market is cheap enough", "CAPACITY", {
      launch: { requirements: { ...requirements, maxPriceUsdPerHour: 0.01 } },
    }),
    unfit("the market is gone", "UNSUPPORTED", { launch: { offerId: "MarketThatIsGone" } }),
  ],
});

test("all checks apply to it but those of a key that is unique there and of a memory limit", () => {
  expect(checks).toEqual(checksBut("C3", "C13"));
});
