import type { Offer } from "@kangklip/providers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedSeconds } from "./cost.ts";
import {
  byWorth,
  dollars,
  type Hold,
  type Known,
  PATIENCE_MS,
  place,
  type Wanted,
  wantedBy,
} from "./placement.ts";
import { START, story } from "./testing.ts";

const anOffer = (provider: string, overrides: Partial<Offer> = {}): Offer => ({
  provider,
  offerId: "one",
  label: `${provider} one`,
  usdPerHour: 0,
  availability: "available",
  expiresAt: START + 60_000,
  ...overrides,
});
const gpu = (model: string, vramGb = 24, nvenc = true) => ({ model, vramGb, nvenc, count: 1 });
const known = (id: string, offers: Known["offers"], rest: Partial<Known> = {}): Known => ({
  id,
  offers,
  hold: undefined,
  holds: new Map(),
  ...rest,
});
const aHold = (ms: number, lasting = false): Hold => ({
  until: START + ms,
  ms,
  lasting,
  why: "says: not now",
});
const wanted = (overrides: Partial<Wanted> = {}): Wanted => ({
  requirements: { gpu: "preferred", diskGb: 20, maxRuntimeSeconds: 14_400 },
  budget: undefined,
  seconds: 3600,
  blamed: [],
  ...overrides,
});
const chosen = (providers: Known[], wants = wanted()) => place(providers, wants, START);
const needs = (requirements: Partial<Wanted["requirements"]>) =>
  wanted({ requirements: { ...wanted().requirements, ...requirements } });

const docker = known("docker", [anOffer("docker", { gpu: gpu("RTX 3090") })]);
const nosana = known("nosana", [
  anOffer("nosana", { offerId: "dear", usdPerHour: 0.4, gpu: gpu("RTX 4090") }),
  anOffer("nosana", { offerId: "cheap", usdPerHour: 0.1, gpu: gpu("RTX 3060", 12) }),
]);

test("the first provider that has something is taken, whatever the others cost", () => {
  expect(chosen([docker, nosana])).toMatchObject({ is: "place", provider: "docker", reason: "first choice" });
  expect(chosen([nosana, docker])).toMatchObject({
    is: "place",
    provider: "nosana",
    offer: { offer_id: "cheap", gpu: "RTX 3060", usd_per_hour: 0.1 },
    reason: "best of 2 offers",
  });
});

test("a provider is asked for its offers only when its turn has come", () => {
  const unknown = known("nosana", undefined);
  expect(chosen([docker, unknown])).toMatchObject({ is: "place", provider: "docker" });
  expect(chosen([unknown, docker])).toEqual({ is: "ask", provider: "nosana" });
  expect(chosen([known("docker", []), unknown])).toEqual({ is: "ask", provider: "nosana" });
});

describe("what is passed by, and what is said of it", () => {
  const full = anOffer("docker", { availability: "full", gpu: gpu("RTX 3090") });
  test.each<[string, Known, string]>([
    ["nothing to offer", known("docker", []), "docker has nothing that fits now"],
    ["a full one", known("docker", [full]), "docker has no free GPU"],
    [
      "one with enough jobs",
      known("docker", docker.offers, { full: "is busy with 2 of 2 jobs" }),
      "docker is busy with 2 of 2 jobs",
    ],
    [
      "one that is held for long",
      known("docker", undefined, { hold: aHold(60_000) }),
      "docker says: not now",
    ],
    [
      "one that somebody has to mend",
      known("docker", undefined, { hold: aHold(5000, true) }),
      "docker says: not now",
    ],
    [
      "a held offer",
      known("docker", docker.offers, { holds: new Map([["one", aHold(5000)]]) }),
      "docker says: not now",
    ],
  ])("%s", (_name, first, reason) => {
    expect(chosen([first, nosana])).toMatchObject({
      is: "place",
      provider: "nosana",
      reason: `${reason}; best of 2 offers`,
    });
  });

  test("a hold that is over says nothing", () => {
    const over = known("docker", docker.offers, { hold: { ...aHold(5000, true), until: START } });
    expect(chosen([over, nosana])).toMatchObject({ provider: "docker", reason: "first choice" });
  });

  test("for a short hold a job waits, for its first choice is worth a moment", () => {
    const short = known("docker", docker.offers, { hold: aHold(PATIENCE_MS) });
    expect(chosen([short, nosana])).toEqual({
      ...{ is: "wait", ms: PATIENCE_MS, message: "docker says: not now", all: false },
    });
  });
});

test("what does not fit is not taken, although it is offered", () => {
  const cpu = known("docker", [anOffer("docker")]);
  expect(chosen([cpu, nosana], needs({ gpu: "required" }))).toMatchObject({ provider: "nosana" });
  expect(chosen([docker, nosana], needs({ minVramGb: 40 }))).toEqual({
    is: "fail",
    code: "PROVIDER_UNAVAILABLE",
    message: "docker has no GPU with 40 GB; nosana has no GPU with 40 GB",
  });
  expect(chosen([nosana], needs({ minVramGb: 16 }))).toMatchObject({ offer: { offer_id: "dear" } });
  expect(chosen([nosana], needs({ maxPriceUsdPerHour: 0.2, minVramGb: 16 }))).toMatchObject({
    is: "fail",
    message: "nosana has no GPU with 16 GB and costs more than $0.20 an hour",
  });
  const blind = known("nosana", [anOffer("nosana", { gpu: gpu("H100", 80, false), usdPerHour: null })]);
  expect(chosen([blind], needs({ nvenc: "required" }))).toMatchObject({ is: "fail" });
  expect(chosen([blind], needs({ maxPriceUsdPerHour: 9 }))).toMatchObject({
    ...{ is: "fail", code: "OVER_BUDGET", message: "nosana names no price" },
  });
  expect(chosen([blind])).toMatchObject({ is: "place", offer: { usd_per_hour: null } });
});

describe("a budget", () => {
  const with_ = (usd: number, spent = 0) => wanted({ budget: { usd, spent } });
  test("lets in what is sure to fit, and bounds its time by what is left", () => {
    expect(chosen([nosana], with_(0.2))).toMatchObject({
      offer: { offer_id: "cheap" },
      run_ms: 2 * 3_600_000,
    });
    expect(chosen([nosana], with_(5))).toMatchObject({ offer: { offer_id: "cheap" }, run_ms: null });
    expect(chosen([nosana], with_(0.2, 0.1))).toMatchObject({ run_ms: 3_600_000 });
  });
  test("sends a job to the next provider that is cheap enough", () => {
    expect(chosen([nosana, docker], with_(0.05))).toMatchObject({
      provider: "docker",
      reason: "nosana may cost $0.10, more than $0.05",
    });
  });
  test("fails a job clearly that fits nowhere, and says what is left of it", () => {
    const cheap = known("nosana", [anOffer("nosana", { usdPerHour: 0.1 })]);
    expect(chosen([cheap], with_(0.15, 0.1))).toEqual({
      is: "fail",
      code: "OVER_BUDGET",
      message: "nosana may cost $0.10, more than the $0.05 that are left of $0.15",
    });
    expect(chosen([cheap], with_(0, 0))).toMatchObject({ is: "fail", code: "OVER_BUDGET" });
    expect(chosen([docker], with_(0))).toMatchObject({ is: "place" }); // it costs nothing
  });
  test("waits for a free place that costs nothing rather than to fail", () => {
    const busy = known("docker", docker.offers, { full: "is busy" });
    expect(chosen([busy, nosana], with_(0.01))).toMatchObject({ is: "wait", all: false });
  });
});

describe("a place that failed the job before", () => {
  test("is left for another one, of the same provider or of the next", () => {
    const blamed = [{ provider: "nosana", offerId: "cheap" }];
    expect(chosen([nosana, docker], wanted({ blamed }))).toMatchObject({
      offer: { offer_id: "dear" },
    });
    const all = [{ provider: "nosana", offerId: null }];
    expect(chosen([nosana, docker], wanted({ blamed: all }))).toMatchObject({
      provider: "docker",
      reason: "nosana failed this job before",
    });
  });
  test("is taken again where no other will do", () => {
    for (const offerId of ["one", null])
      expect(chosen([docker], wanted({ blamed: [{ provider: "docker", offerId }] }))).toMatchObject({
        is: "place",
        provider: "docker",
        reason: "docker failed this job before",
      });
  });
  test("and is not waited for while another one is free", () => {
    const short = known("docker", docker.offers, { hold: aHold(5000) });
    const blamed = [{ provider: "docker", offerId: null }];
    expect(chosen([short, nosana], wanted({ blamed }))).toMatchObject({ provider: "nosana" });
  });
});

test("the best offer has a GPU, is surely free, is cheap, has NVENC, has much memory: in this order", () => {
  const offers = [
    anOffer("p", { offerId: "a", gpu: gpu("A", 24), usdPerHour: 0.2 }),
    anOffer("p", { offerId: "b", gpu: gpu("B", 12), usdPerHour: 0.2 }),
    anOffer("p", { offerId: "c", gpu: gpu("C", 80, false), usdPerHour: 0.2 }),
    anOffer("p", { offerId: "d", gpu: gpu("D"), usdPerHour: 0.3 }),
    anOffer("p", { offerId: "e", gpu: gpu("E"), usdPerHour: null }),
    anOffer("p", { offerId: "f", gpu: gpu("F"), usdPerHour: 0.1, availability: "unknown" }),
    anOffer("p", { offerId: "g" }),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(offers, { minLength: offers.length }), (shuffled) => {
      expect(shuffled.toSorted(byWorth).map(({ offerId }) => offerId)).toEqual([..."abcdefg"]);
    }),
    { numRuns: 200 },
  );
});

const aPrice = fc.constantFrom(0, 0.05, 0.1, 0.4, null);
const aKnown = (id: string) =>
  fc
    .record({
      offers: fc.option(
        fc.array(
          fc.record({
            usdPerHour: aPrice,
            availability: fc.constantFrom("available", "unknown", "full"),
            vramGb: fc.option(fc.constantFrom(8, 24), { nil: undefined }),
            held: fc.option(fc.record({ ms: fc.constantFrom(-1, 5000, 60_000), lasting: fc.boolean() })),
          }),
          { maxLength: 4 },
        ),
        { nil: undefined, freq: 8 },
      ),
      hold: fc.option(fc.record({ ms: fc.constantFrom(-1, 5000, 60_000), lasting: fc.boolean() })),
      full: fc.option(fc.constant("is busy"), { nil: undefined, freq: 4 }),
    })
    .map(({ offers, hold, full }): Known => {
      const holds = new Map<string, Hold>();
      const made = offers?.map(({ usdPerHour, availability, vramGb, held }, index) => {
        if (held) holds.set(String(index), aHold(held.ms, held.lasting));
        return anOffer(id, {
          ...{ offerId: String(index), usdPerHour, availability },
          ...(vramGb && { gpu: gpu("GPU", vramGb) }),
        });
      });
      return { id, offers: made, hold: hold ? aHold(hold.ms, hold.lasting) : undefined, holds, full };
    });
const aWanted = fc
  .record({
    gpu: fc.constantFrom("preferred", "required"),
    minVramGb: fc.option(fc.constant(16), { nil: undefined }),
    maxPriceUsdPerHour: fc.option(fc.constantFrom(0.1, 0.2), { nil: undefined }),
    budget: fc.option(fc.record({ usd: fc.constantFrom(0, 0.06, 0.5), spent: fc.constantFrom(0, 0.03) }), {
      nil: undefined,
    }),
    blamed: fc.array(
      fc.record({ provider: fc.constantFrom("a", "b"), offerId: fc.constantFrom(null, "0", "1") }),
      { maxLength: 2 },
    ),
  })
  .map(({ gpu, minVramGb, maxPriceUsdPerHour, budget, blamed }) => ({
    ...needs({
      gpu: gpu as "preferred",
      ...(minVramGb && { minVramGb }),
      ...(maxPriceUsdPerHour && { maxPriceUsdPerHour }),
    }),
    ...{ budget, blamed },
  }));

test("whatever is offered: a place fits, is free, costs no more than it may; and nobody is asked twice, waits for ever or is left without a word", () => {
  fc.assert(
    fc.property(aKnown("a"), aKnown("b"), aWanted, (a, b, wants) => {
      const answer = place([a, b], wants, START);
      if (answer.is === "ask") {
        const asked = [a, b].find(({ id }) => id === answer.provider);
        expect(asked).toMatchObject({ offers: undefined, full: undefined });
        expect(asked?.hold?.until ?? 0).toBeLessThanOrEqual(START);
        return;
      }
      if (answer.is !== "place") {
        expect(answer.message).toMatch(/\S/);
        if (answer.is === "wait") expect(answer.ms).toBeGreaterThan(0);
        return;
      }
      const provider = [a, b].find(({ id }) => id === answer.provider);
      const offer = provider?.offers?.find(({ offerId }) => offerId === answer.offer.offer_id);
      if (!offer || !provider) throw new Error("nobody offered that");
      expect(provider.full).toBeUndefined();
      for (const hold of [provider.hold, provider.holds.get(offer.offerId)])
        expect(hold?.until ?? 0).toBeLessThanOrEqual(START);
      expect(offer.availability).not.toBe("full");
      const { requirements, budget, seconds } = wants;
      if (requirements.gpu === "required") expect(offer.gpu).toBeDefined();
      if (requirements.minVramGb && offer.gpu) expect(offer.gpu.vramGb).toBeGreaterThanOrEqual(16);
      const most = requirements.maxPriceUsdPerHour;
      if (most !== undefined) expect(offer.usdPerHour ?? Infinity).toBeLessThanOrEqual(most);
      if (!budget) return;
      const left = budget.usd - budget.spent;
      const price = offer.usdPerHour ?? Infinity;
      if (price > 0) expect((price * seconds) / 3600).toBeLessThanOrEqual(left + 1e-9);
      if (answer.run_ms !== null)
        expect((price * answer.run_ms) / 3_600_000).toBeLessThanOrEqual(left + 1e-9);
    }),
    { numRuns: 3000, seed: 4 },
  );
});

test("one more provider at the end never turns a place into a failure", () => {
  fc.assert(
    fc.property(aKnown("a"), aKnown("b"), aWanted, (a, b, wants) => {
      if (place([a], wants, START).is === "place") expect(place([a, b], wants, START).is).not.toBe("fail");
    }),
    { numRuns: 1000, seed: 4 },
  );
});

test("a job is reckoned with 15 minutes and its video's length, or with the longest video where it is not known", () => {
  expect(expectedSeconds(3600, 14_400)).toBe(4500);
  expect(expectedSeconds(null, 3600)).toBe(4500);
  expect(expectedSeconds(null, 14_400)).toBe(14_400); // no job may run for longer
  expect(expectedSeconds(0, 14_400)).toBe(900);
});

test("the smaller of two budgets counts, and only places of the present budget of attempts are to blame", () => {
  const limits = { requirements: wanted().requirements, maxSourceSeconds: 3600, maxUsd: 2 };
  const failed = story().running().failed("GPU_UNAVAILABLE").job;
  expect(wantedBy({ ...failed, max_usd: 1 }, 0.25, limits)).toMatchObject({
    budget: { usd: 1, spent: 0.25 },
    blamed: [{ provider: "process", offerId: null }],
  });
  expect(wantedBy({ ...failed, max_usd: null, budget_from: 2 }, 0, limits)).toMatchObject({
    budget: { usd: 2, spent: 0 },
    blamed: [],
  });
  expect(wantedBy(failed, 0, { ...limits, maxUsd: undefined }).budget).toBeUndefined();
});

test.each([
  [0, "$0.00"],
  [0.004, "$0.004"],
  [0.0123, "$0.012"],
  [0.1, "$0.10"],
  [12, "$12.00"],
])("%d US dollars are written %s", (usd, text) => expect(dollars(usd)).toBe(text));
