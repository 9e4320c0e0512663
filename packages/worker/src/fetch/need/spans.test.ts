import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDir } from "../../asr/testing.ts";
import { pack, spansIn, unpack, written } from "./pack.ts";
import { bytesIn, type FlatSpans, flat, joined, pieces, type Span, taken, unflat, without } from "./spans.ts";

/** Spans of a small number line, one from each seed. */
function someSpans(seed: number, count: number): Span[] {
  let state = seed;
  const next = (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state % below;
  };
  return Array.from({ length: count }, (): Span => {
    const from = next(200);
    return [from, from + next(20)];
  });
}
const points = (spans: readonly Span[]) =>
  new Set(spans.flatMap(([from, to]) => Array.from({ length: to - from }, (_, at) => from + at)));

test("adding spans one by one gives what joining them all gives, and what is wanted less what is here is the rest", () => {
  for (let seed = 1; seed < 200; seed++) {
    const all = someSpans(seed, 12);
    const had: FlatSpans = [];
    for (const span of all) taken(had, span);
    const kept = unflat(had);
    expect(flat(kept)).toEqual(had);
    expect(kept).toEqual(joined(all, 0));
    const wanted = joined(someSpans(seed + 1000, 8), 0);
    const rest = without(wanted, had);
    expect(points(rest)).toEqual(points(wanted).difference(points(kept)));
    expect(bytesIn([...pieces(rest, 3)])).toBe(bytesIn(rest));
    expect(spansIn(JSON.parse(JSON.stringify(written(kept))))).toEqual(kept);
  }
});

test("a list of spans that is none is not read as one", () => {
  for (const other of [null, [1], [0, 0], [-1, 5], [0, -3], [0, 1e300], ["x", 2], {}])
    expect(() => spansIn(other)).toThrow();
});

test("the parts of a file with holes are packed, and come back to their places", async () => {
  await using temporary = await temporaryDir();
  const path = (name: string) => join(temporary.dir, name);
  const size = 9_000_000;
  const body = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) body.writeUInt32LE(at, at);
  writeFileSync(path("whole"), body);
  const spans: Span[] = [
    [0, 5],
    [100, 1_200_003],
    [2_000_001, 2_000_002],
    [5_000_000, 8_500_000],
  ];
  await pack(path("whole"), spans, path("packed"));
  expect(statSync(path("packed")).size).toBe(bytesIn(spans));
  await unpack(path("packed"), spans, size, path("again"));
  const again = readFileSync(path("again"));
  expect(again.length).toBe(size);
  for (const [from, to] of spans) expect(again.subarray(from, to).equals(body.subarray(from, to))).toBe(true);
  expect(bytesIn(without([[0, size]], flat(spans)))).toBe(size - bytesIn(spans));
  expect(statSync(path("again")).blocks * 512).toBeLessThan(size);
  await expect(unpack(path("packed"), spans.slice(1), size, path("other"))).rejects.toThrow("does not hold");
});
