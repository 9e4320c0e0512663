import { expect, test } from "vitest";
import { bestVariant, type Variant } from "./variant.ts";

const version = (
  width: number | null,
  height: number | null,
  bandwidth = 1,
  codecs: string | null = null,
): Variant => ({
  width,
  height,
  bandwidth,
  codecs,
});

test.each<[string, Variant[], number | null | undefined]>([
  ["the tallest up to 1080 lines", [version(640, 360), version(1920, 1080), version(3840, 2160)], 1080],
  ["the smallest where all are taller", [version(3840, 2160), version(2560, 1440)], 1440],
  ["upright video by its shorter side", [version(1080, 1920), version(540, 960), version(2160, 3840)], 1920],
  [
    "one whose size is unknown only where there is no other",
    [version(null, null, 9e6), version(640, 360)],
    360,
  ],
  ["none where there is only sound", [version(null, null, 1, "mp4a.40.2")], undefined],
])("%s is taken", (_name, variants, height) => {
  expect(bestVariant(variants)?.height).toBe(height);
});

test("of equal sizes H.264 comes first, then the one with more bits", () => {
  const [hevc, low, high] = [
    version(1920, 1080, 9, "hvc1.1.6.L93"),
    version(1920, 1080, 3, "avc1.64001f"),
    version(1920, 1080, 5, "avc1.64001f"),
  ];
  expect(bestVariant([hevc, low, high])).toBe(high);
  expect(bestVariant([hevc, version(1280, 720, 9, "avc1.64001f")])).toBe(hevc);
});
