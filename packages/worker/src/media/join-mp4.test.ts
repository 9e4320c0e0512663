import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRenderBench, RAMP, tools } from "../stages/testing-render.ts";
import { withPictures } from "./join-mp4.ts";
import { closedStretches, type OwnMp4, readOwnMp4 } from "./own-mp4.ts";

describe.skipIf(!tools)("withPictures (needs ffmpeg)", { timeout: 60_000 }, async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());
  const H264 = ["-preset", "superfast", "-g", "20", "-sc_threshold", "0", "-c:a", "aac"];
  const make = async (name: string, picture: string, output: string[] = []) => {
    const file = await bench.source({ name, picture, seconds: 2, output: [...H264, ...output] });
    return readOwnMp4(await readFile(file));
  };
  let [own, other]: OwnMp4[] = [];
  beforeAll(async () => {
    [own, other] = [await make("own.mp4", RAMP), await make("other.mp4", `${RAMP},negate`)];
  });
  const written = async (bytes: Buffer) => {
    const file = join(bench.folder, "joined.mp4");
    await writeFile(file, bytes);
    return file;
  };
  const packets = async (file: string, stream: "v" | "a") => {
    const [from, ...args] = ["-map", `0:${stream}`, "-c", "copy", "-f", "framehash", "-"];
    return (await bench.decode("-i", file, from ?? "", ...args)).toString();
  };

  test("a file that is put together of its own pictures is the same to whoever reads it", async () => {
    if (!own) throw new Error("no file");
    const file = await written(withPictures(own, own.samples));
    for (const stream of ["v", "a"] as const)
      expect(await packets(file, stream)).toBe(await packets(join(bench.folder, "own.mp4"), stream));
    const again = readOwnMp4(await readFile(file));
    expect(again.samples.map(({ frame, isKey }) => [frame, isKey])).toEqual(
      own.samples.map(({ frame, isKey }) => [frame, isKey]),
    );
    expect(again.bytes.indexOf("moov")).toBeLessThan(again.bytes.indexOf("mdat"));
  });

  test("one with a stretch of another file shows that one's frames there, and its own before and after", async () => {
    if (!own || !other) throw new Error("no file");
    const [, middle] = closedStretches(own);
    expect(closedStretches(other)).toEqual(closedStretches(own));
    const { first = 0, end = 0 } = middle ?? {};
    const mixed = own.samples.map(
      (sample, i) => (i >= first && i < end ? other?.samples[i] : sample) ?? sample,
    );
    const file = await written(withPictures(own, mixed));
    const [lumas, before, instead] = [
      await bench.lumas(file),
      await bench.lumas(join(bench.folder, "own.mp4")),
      await bench.lumas(join(bench.folder, "other.mp4")),
    ];
    expect(lumas).toEqual([...before.slice(0, first), ...instead.slice(first, end), ...before.slice(end)]);
    expect(await packets(file, "a")).toBe(await packets(join(bench.folder, "own.mp4"), "a"));
  });

  test("nothing is put together that would not play", async () => {
    if (!own) throw new Error("no file");
    const { samples, bytes } = own;
    expect(() => withPictures(own as OwnMp4, samples.slice(1))).toThrow("it would lack a frame");
    const keys = samples.map((sample) => ({ ...sample, isKey: true }));
    expect(() => withPictures(own as OwnMp4, keys)).toThrow("a key frame follows another one");
    const open = samples.map((sample, i) => (i === 22 ? { ...sample, frame: 19 } : sample));
    expect(() => closedStretches({ samples: open })).toThrow("key frames");
    expect(() => readOwnMp4(bytes.subarray(0, bytes.length - 100))).toThrow();
    expect(() => readOwnMp4(Buffer.from("no film at all"))).toThrow();
    const silent = await make("silent.mp4", RAMP, ["-an"]);
    expect(() => withPictures(silent, silent.samples)).toThrow("lacks its pictures or its sound");
    const uneven = make("uneven.mp4", `${RAMP},select='mod(n,7)'`, ["-fps_mode", "vfr"]);
    await expect(uneven).rejects.toThrow("not H.264");
  });
});
