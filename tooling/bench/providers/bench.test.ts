import { describe, expect, test } from "vitest";
import { runBench } from "./bench.ts";
import { startClaims } from "./claims.ts";
import { spread } from "./figures.ts";
import { measureOverhead } from "./overhead.ts";

const OPEN = 20;
const QUIET = 10;

describe("the short form, with nothing but this machine's programs", () => {
  test.each(["process", "nosana"] as const)(
    "%s: launches claim both ways, and each open attempt is read once a round and looked for when its worker is silent",
    async (name) => {
      const options = { providers: [name], launches: 2, open: OPEN, quiet: QUIET, rounds: 1 };
      const { providers } = await runBench(options, () => {});
      const { overhead, reconcile } = providers[name] ?? {};
      for (const { started, claimed } of [overhead?.provider, overhead?.bare].map((one) => one ?? fail()))
        expect(claimed.median).toBeGreaterThanOrEqual(started.low);
      expect(overhead?.ratio.claimed).toBeGreaterThan(0);
      expect(reconcile?.heard.calls).toMatchObject({ "store.active": 1, "store.get": OPEN });
      expect(reconcile?.heard.calls).not.toHaveProperty("provider.observe");
      expect(reconcile?.silent.calls).toMatchObject({ "provider.observe": QUIET, "store.replace": QUIET });
    },
    120_000,
  );
});

test("a launch that never claims ends the benchmark with its name", async () => {
  await using claims = await startClaims({ limitMs: 50 });
  const way = { start: async () => {}, clear: async () => {} };
  const say = () => {};
  await expect(measureOverhead({ claims, say, launches: 1, provider: way, bare: way })).rejects.toThrow(
    /^kk-\w+-e1 has not claimed after 0.05 s$/,
  );
});

test("the middle of the values, and what a tenth of them is below and above", () => {
  const values = Array.from({ length: 11 }, (_, index) => 10 - index);
  expect(spread(values)).toEqual({ low: 1, median: 5, high: 9 });
  expect(() => spread([])).toThrow("no values");
});

function fail(): never {
  throw new Error("was not measured");
}
