import type { AttemptView, JobView, ProviderView, Quote } from "@kangklip/contract";
import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import {
  attemptRows,
  computeOf,
  computeOptions,
  costText,
  dollarsText,
  hasStory,
  madeText,
  placeName,
  providerName,
  quoteText,
  whereFact,
} from "./compute.ts";

const t = translateTo("en");
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
const RTX = { label: "RTX 4090 market", gpu: "NVIDIA RTX 4090", usd_per_hour: 0.4 };
const anAttempt = (over: Partial<AttemptView> = {}): AttemptView => ({
  epoch: 1,
  provider: "nosana",
  node: "9xNode",
  state: "CLAIMED",
  started_at: at(0),
  ended_at: null,
  outcome: null,
  offer: RTX,
  usd: 0.012,
  reason: "first choice",
  ended_because: null,
  ...over,
});
const aView = (over: Partial<JobView> = {}) =>
  ({
    status: "RUNNING",
    start_error: null,
    attempts: [anAttempt()],
    usd: 0.012,
    created_at: at(0),
    ended_at: null,
    ...over,
  }) as JobView;
const aProvider = (over: Partial<ProviderView>): ProviderView => ({
  ...{ id: "docker", ok: true, gpu: "NVIDIA RTX 3060", usd_per_hour: 0, operator: null },
  ...over,
});

test("there is a choice only where there is more than one provider", () => {
  expect(computeOptions(t, ["process"], undefined)).toEqual([]);
  expect(computeOptions(t, [], undefined)).toEqual([]);
  const options = computeOptions(t, ["docker", "nosana"], undefined);
  expect(options.map(({ value }) => value)).toEqual([null, "docker", "nosana"]);
  expect(options[0]?.detail).toBe("The first that can take it: Docker, then Nosana");
});

test("each provider is told with GPU and price, or that it cannot be used", () => {
  const views = [aProvider({}), aProvider({ id: "nosana", ok: false })];
  const [, docker, nosana, own] = computeOptions(t, ["docker", "nosana", "my-cluster"], views);
  expect(docker).toMatchObject({ detail: "NVIDIA RTX 3060 · $0.00/h · Can be used now", ok: true });
  expect(nosana).toMatchObject({ detail: "Cannot be used at present", ok: false });
  expect(own).toMatchObject({ name: "my-cluster", detail: "Asking for its price…", ok: true });
});

test("a quote is told as where a job would go and what it costs at most", () => {
  const offer: Quote["offers"][number] = {
    ...{ ...RTX, provider: "nosana", vram_gb: 24, availability: "unknown", seconds: 3600 },
    ...{ usd: 0.4, chosen: true, reason: "first choice" },
  };
  const aQuote = (over: Partial<typeof offer>): Quote => ({
    offers: [{ ...offer, ...over }],
    expected_seconds: null,
    message: "Would wait: docker has no free GPU",
    expires_at: at(0),
  });
  const said = (over: Partial<typeof offer>) => quoteText(t, aQuote(over));
  expect(said({})).toEqual({
    text: "A job made now runs on Nosana, NVIDIA RTX 4090, for $0.40 at most.",
    api: null,
  });
  expect(said({ usd: 0, provider: "docker" }).text).toBe("A job made now runs on Docker, NVIDIA RTX 4090.");
  expect(said({ usd: null }).text).toContain("at a price that is not known");
  expect(said({ chosen: false })).toEqual({
    text: "A job made now does not start at once.",
    api: "Would wait: docker has no free GPU.",
  });
});

test("all of it is told in the reader's language", () => {
  expect(whereFact(translateTo("id"), aView())).toEqual(["Dikerjakan di", "Nosana, NVIDIA RTX 4090"]);
  expect(costText(translateTo("ar"), aView())).toBe("$0.012 بسعر $0.40 في الساعة");
  expect(dollarsText(translateTo("id"), 0.0004)).toBe("di bawah $0.001");
});

test("a choice that is not installed any more is none", () => {
  expect(computeOf("docker", ["docker", "process"])).toEqual(["docker"]);
  expect(computeOf("nosana", ["docker", "process"])).toBeUndefined();
  expect(computeOf(null, ["docker"])).toBeUndefined();
});

test("a place is told by its provider and its GPU", () => {
  expect(placeName(t, anAttempt())).toBe("Nosana, NVIDIA RTX 4090");
  expect(placeName(t, { provider: "process", offer: { ...RTX, gpu: null } })).toBe(
    providerName(t, "process"),
  );
  expect(placeName(t, { provider: "nosana", offer: null })).toBe("Nosana");
  expect(placeName(t, { provider: "", offer: null })).toBeNull();
});

test("where a job runs is told apart from where it is about to go, and from who refused it", () => {
  const planned = anAttempt({ state: "PLANNED", started_at: null });
  expect(whereFact(t, aView())).toEqual(["Runs on", "Nosana, NVIDIA RTX 4090"]);
  expect(whereFact(t, aView({ status: "FAILED" }))).toEqual(["Ran on", "Nosana, NVIDIA RTX 4090"]);
  expect(whereFact(t, aView({ attempts: [planned] }))).toEqual(["Goes to", "Nosana, NVIDIA RTX 4090"]);
  const refused = { attempts: [planned], start_error: "Nosana has no free node" };
  expect(whereFact(t, aView(refused))).toEqual(["Runs on", "no place yet"]);
  expect(whereFact(t, aView({ attempts: [anAttempt({ provider: "", offer: null })] }))[1]).toBe(
    "no place yet",
  );
});

test("the cost goes with the price while it grows", () => {
  expect(costText(t, aView())).toBe("$0.012 at $0.40/h");
  expect(costText(t, aView({ ended_at: at(9) }))).toBe("$0.012");
  expect(costText(t, aView({ usd: 0, attempts: [anAttempt({ offer: { ...RTX, usd_per_hour: 0 } })] }))).toBe(
    "$0.00",
  );
  expect(costText(t, aView({ usd: null }))).toBe("$0.40/h");
  expect(costText(t, aView({ usd: null, attempts: [anAttempt({ offer: null })] }))).toBeNull();
});

test("a finished job says how long it took, where, and what it cost", () => {
  const done = { ended_at: at(40), usd: 0.012 };
  expect(madeText(t, aView(done))).toBe("made in 40 s on Nosana, NVIDIA RTX 4090 for $0.012");
  const own = anAttempt({
    provider: "process",
    offer: { label: "this machine", gpu: null, usd_per_hour: 0 },
  });
  expect(madeText(t, aView({ ...done, usd: 0, attempts: [own] }))).toBe("made in 40 s");
});

test("a job of one attempt that went where it should has no story", () => {
  expect(hasStory(aView())).toBe(false);
  expect(hasStory(aView({ attempts: [anAttempt({ reason: "docker is full" })] }))).toBe(true);
  expect(hasStory(aView({ attempts: [anAttempt({ ended_because: "It went silent" })] }))).toBe(true);
  expect(hasStory(aView({ attempts: [anAttempt(), anAttempt({ epoch: 2 })] }))).toBe(true);
});

test("the attempts are told with the newest first, each with what is known of it", () => {
  const lost = anAttempt({
    ...{ state: "FINISHED", outcome: "WORKER_LOST", ended_at: at(30), ended_because: "It went silent" },
  });
  const next = anAttempt({
    ...{ epoch: 2, provider: "", offer: null, node: null, usd: null, reason: null },
    ...{ state: "PLANNED", started_at: null },
  });
  expect(attemptRows(t, aView({ attempts: [lost, next] }), Date.parse(at(60)))).toEqual([
    {
      epoch: 2,
      place: "No place yet",
      state: "looking for a place",
      ended: false,
      why: null,
      ending: null,
      facts: [],
    },
    {
      ...{ epoch: 1, place: "Nosana, NVIDIA RTX 4090", state: "WORKER_LOST", ended: true },
      ...{ why: "first choice", ending: "It went silent" },
      facts: ["node 9xNode", "$0.40/h", "ran 30 s", "cost $0.012"],
    },
  ]);
});
