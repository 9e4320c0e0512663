import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tools } from "../../asr/testing.ts";
import { createFetcher } from "../fetcher.ts";
import { bytes, type Origin, startOrigin } from "../testing-server.ts";
import { openMp4 } from "./mp4-source.ts";

const exec = promisify(execFile);
const SECONDS = 90;
const STRETCHES = [
  { start: 20, end: 24 },
  { start: 41.37, end: 45.9 },
  { start: 86, end: SECONDS },
];
/** What is different about each file: more output options. */
const FILES: Record<string, string> = {
  "moov-first.mp4": "-movflags +faststart",
  "moov-last.mp4": "",
  "no-b-frames.mp4": "-bf 0 -movflags +faststart",
  "all-key-frames.mp4": "-g 1 -movflags +faststart",
  "open-gop.mp4": "-x264-params open-gop=1:bframes=5:b-pyramid=normal -movflags +faststart",
  "quick.mov": "-f mov",
};

let folder = "";
let origin: Origin;
beforeAll(async () => {
  if (!tools) return;
  folder = await mkdtemp(join(tmpdir(), "kangklip-need-"));
  const made = (options: string) =>
    exec(tools?.ffmpeg ?? "", ["-v", "error", ...options.split(" ").filter(Boolean)], { cwd: folder });
  const inputs = "-f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine=f=300:r=44100:b=4";
  const usual = "-preset ultrafast -pix_fmt yuv420p -crf 10 -bf 3 -g 125 -c:a aac -b:a 96k";
  for (const [name, options] of Object.entries(FILES))
    await made(`${inputs} -t ${SECONDS} -c:v libx264 ${usual} ${options} ${name}`);
  // a track that begins later than the other has an empty edit before it
  const twice = "-i moov-first.mp4 -itsoffset 1.3 -i moov-first.mp4 -c copy";
  await made(`${twice} -map 0:v -map 1:a late-sound.mp4`);
  await made(`${twice} -map 1:v -map 0:a late-picture.mp4`);
  const small =
    "-s 64x36 -c:v libx264 -crf 40 -preset ultrafast -bf 2 -g 50 -c:a aac -b:a 16k -movflags +faststart";
  await made(`-i moov-first.mp4 -t 60 ${small} small.mp4`);
  await made("-i moov-first.mp4 -c copy -movflags frag_keyframe+empty_moov fragments.mp4");
  origin = await startOrigin({}, folder);
}, 600_000);
afterAll(async () => {
  await origin?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const policy = { allow_private: true, allow_origins: [], max_bytes: 1e9, max_seconds: 1e6 };
/** The tables of these short files count as long ones. */
const leave = { fromBytes: 512, stepBytes: 256 };

async function opened(name: string, more: Partial<Parameters<typeof openMp4>[0]> = {}) {
  const fetcher = createFetcher({ policy, signal: new AbortController().signal, patience: { retryMs: 1 } });
  const path = join(folder, `part-${name}`);
  const source = await openMp4({ fetcher, address: `${origin.origin}/${name}`, path, ...more });
  return { source, path, fetcher };
}

/** What ffmpeg makes of a stretch: a hash of every picture and sound, and whatever it complains about. */
async function decoded(file: string, { start, end }: { start: number; end: number }): Promise<string> {
  const { stdout, stderr } = await exec(tools?.ffmpeg ?? "", [
    ...["-v", "warning", "-ss", `${start}`, "-t", `${end - start}`, "-i", file, "-map", "0:v", "-map", "0:a"],
    ...["-f", "framemd5", "-"],
  ]);
  return stdout + stderr.replaceAll(/@ 0x[0-9a-f]+/g, "@"); // an address in memory
}

describe.skipIf(!tools)("an MP4 that is fetched by need (needs ffmpeg)", () => {
  test.each([...Object.keys(FILES), "late-sound.mp4", "late-picture.mp4"])(
    "%s: every picture and sound of the stretches is the one of the whole file",
    { timeout: 600_000 },
    async (name) => {
      const { source, path, fetcher } = await opened(name);
      await source.pictures(STRETCHES);
      const { size } = await stat(join(folder, name));
      expect(fetcher.wireBytes()).toBeLessThan(size * 0.7);
      for (const stretch of STRETCHES)
        expect(await decoded(path, stretch)).toBe(await decoded(join(folder, name), stretch));
      await source.file.close();
      await fetcher.close();
    },
  );

  test.each([...Object.keys(FILES), "late-sound.mp4", "late-picture.mp4"])(
    "%s: the same with the rows of its long tables alone that are needed, stretch by stretch",
    { timeout: 600_000 },
    async (name) => {
      const { source, path, fetcher } = await opened(name, { leave });
      for (const stretch of STRETCHES) {
        await source.pictures([stretch]);
        expect(await decoded(path, stretch)).toBe(await decoded(join(folder, name), stretch));
      }
      await source.sound();
      for (const stretch of STRETCHES)
        expect(await decoded(path, stretch)).toBe(await decoded(join(folder, name), stretch));
      // four bytes for each picture's length, and four for the place of its chunk: most of them are not here
      const { index } = source;
      const missing = index.tracks.find(({ kind }) => kind === "video")?.sizes.filter((size) => size === 0);
      expect(missing?.length).toBeGreaterThan(SECONDS * 25 * 0.5);
      await source.file.close();

      // what is kept of it opens without a question, as the same
      const kept = { ...source.file.facts, spans: source.file.spans() };
      const asked = fetcher.requests();
      const again = await openMp4({ fetcher, address: `${origin.origin}/${name}`, path, kept, leave });
      await again.pictures(STRETCHES);
      expect([again.sha256, fetcher.requests()]).toEqual([source.sha256, asked]);
      await again.file.close();
      await fetcher.close();
    },
  );

  test("key frames and the track of sound are the same with long tables", { timeout: 600_000 }, async () => {
    const [late, whole] = [await opened("moov-last.mp4", { leave }), await opened("moov-last.mp4")];
    for (const { source } of [late, whole]) await source.keyPictures();
    const found = late.source.index.tracks.map(({ offsets, sizes, chunks }) => ({ offsets, sizes, chunks }));
    expect(whole.source.index.tracks).toMatchObject(found);
    const [one, other] = [await late.source.soundFile(1), await whole.source.soundFile(1)];
    expect(one?.head.equals(other?.head ?? Buffer.alloc(0))).toBe(true);
    expect([...(one?.spans() ?? [])]).toEqual([...(other?.spans() ?? [])]);
    for (const { source, fetcher } of [late, whole]) {
      await source.file.close();
      await fetcher.close();
    }
  });

  test("a file that was cut off is refused when it is opened, whichever tables are left out", async () => {
    const body = await readFile(join(folder, "moov-first.mp4"));
    const cut = await startOrigin({ "/v": bytes(body.subarray(0, body.length - 1000)) });
    for (const more of [{}, { leave }])
      await expect(opened("v", { address: `${cut.origin}/v`, ...more })).rejects.toThrow(
        "it ends before its last picture",
      );
    await cut[Symbol.asyncDispose]();
  });

  test("an index with wrong numbers is read or refused by name, and never ends otherwise", {
    timeout: 120_000,
  }, async () => {
    const body = await readFile(join(folder, "small.mp4"));
    const names = ["moov", "trak", "mdia", "hdlr", "stbl", "stts", "ctts", "stss", "stsc", "stsz", "stco"];
    const places = names.flatMap((name) => [-4, 0, 4, 8, 12, 16].map((more) => body.indexOf(name) + more));
    const wrong = places.flatMap((at) => [0, 1, 0x7fffffff, 0xffffffff].map((number) => ({ at, number })));
    const broken = Object.fromEntries(
      wrong.map(({ at, number }, i) => {
        const copy = Buffer.from(body);
        copy.writeUInt32BE(number, at);
        return [`/${i}`, bytes(copy)];
      }),
    );
    await using server = await startOrigin(broken);
    let refused = 0;
    for (const address of Object.keys(broken)) {
      const tried = opened("w", { address: server.origin + address, leave });
      const error = await tried.then(
        async ({ source }) => void (await source.pictures([{ start: 1, end: 2 }]).finally(source.file.close)),
        (cause: Error) => cause,
      );
      if (error) refused++;
      if (error) expect([address, error.name]).toEqual([address, "NotByNeed"]);
    }
    expect(refused).toBeGreaterThan(wrong.length / 4);
    expect(refused).toBeLessThan((wrong.length * 3) / 4);
  });

  test("the sound alone is whole, and costs little more than its bytes", { timeout: 600_000 }, async () => {
    const { source, path, fetcher } = await opened("moov-last.mp4");
    await source.sound();
    const heard = (file: string) =>
      exec(tools?.ffmpeg ?? "", ["-v", "warning", "-i", file, "-vn", "-f", "framemd5", "-"]);
    expect(await heard(path)).toEqual(await heard(join(folder, "moov-last.mp4")));
    await source.file.close();
    await fetcher.close();
  });

  test.each([
    ["moov-first.mp4", SECONDS / 5, 0.2],
    ["moov-last.mp4", SECONDS / 5, 0.2],
    ["quick.mov", SECONDS / 5, 0.2],
    ["all-key-frames.mp4", SECONDS * 25, 1.1],
    ["open-gop.mp4", 1, 0.2], // the others refer to pictures before them
  ])(
    "%s: its %i key frames are those of the whole file, for at most %d of its bytes",
    { timeout: 600_000 },
    async (name, count, share) => {
      const { source, path, fetcher } = await opened(name);
      await source.keyPictures();
      const seen = async (file: string) => {
        const args = [
          "-v",
          "fatal",
          "-max_error_rate",
          "1",
          "-skip_frame",
          "nokey",
          "-i",
          file,
          "-map",
          "0:v",
        ];
        return (await exec(tools?.ffmpeg ?? "", [...args, "-f", "framemd5", "-"])).stdout;
      };
      const pictures = await seen(path);
      expect(pictures).toBe(await seen(join(folder, name)));
      expect(pictures.match(/^0,/gm)).toHaveLength(count);
      const { size } = await stat(join(folder, name));
      expect(fetcher.wireBytes()).toBeLessThan(size * share);
      await source.file.close();
      await fetcher.close();
    },
  );

  test("what is here is not asked for again", async () => {
    const { source, fetcher } = await opened("moov-first.mp4");
    await source.pictures(STRETCHES);
    const asked = fetcher.requests();
    const arrived = fetcher.wireBytes();
    await source.pictures([{ start: 21, end: 23 }]);
    expect([fetcher.requests(), fetcher.wireBytes()]).toEqual([asked, arrived]);
    await source.file.close();
    await fetcher.close();
  });

  test("a file in fragments, and one that is no MP4, are left to other ways", async () => {
    await expect(opened("fragments.mp4")).rejects.toMatchObject({ name: "NotByNeed" });
    const page = await startOrigin({ "/x": bytes(Buffer.alloc(100_000, "<p>not a video</p>")) });
    const fetcher = createFetcher({ policy, signal: new AbortController().signal });
    const address = `${page.origin}/x`;
    await expect(openMp4({ fetcher, address, path: join(folder, "x") })).rejects.toMatchObject({
      name: "NotByNeed",
    });
    await fetcher.close();
    await page[Symbol.asyncDispose]();
  });

  test("a server without ranges, or without a mark of the version, is told apart from a failure", async () => {
    const body = await readFile(join(folder, "moov-first.mp4"));
    const other = await startOrigin({
      "/none": bytes(body, { ranges: false }),
      "/unmarked": bytes(body, { etag: null }),
    });
    for (const path of ["/none", "/unmarked"]) {
      const fetcher = createFetcher({ policy, signal: new AbortController().signal });
      const address = other.origin + path;
      await expect(openMp4({ fetcher, address, path: join(folder, "y") })).rejects.toMatchObject({
        name: "NotByNeed",
      });
      await fetcher.close();
    }
    await other[Symbol.asyncDispose]();
  });

  test("a video that becomes another one while it is read is refused, and none of it is mixed", async () => {
    const body = await readFile(join(folder, "moov-first.mp4"));
    const changing = await startOrigin({
      "/v": bytes(body, { ranges: "always", etag: (visit) => (visit < 3 ? '"one"' : '"two"') }),
    });
    const fetcher = createFetcher({ policy, signal: new AbortController().signal, patience: { retryMs: 1 } });
    const source = await openMp4({ fetcher, address: `${changing.origin}/v`, path: join(folder, "z") });
    await expect(source.pictures(STRETCHES)).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
    await source.file.close();
    await fetcher.close();
    await changing[Symbol.asyncDispose]();
  });

  test("a connection that breaks off goes on where it was", async () => {
    const body = await readFile(join(folder, "moov-first.mp4"));
    const broken = await startOrigin({ "/v": bytes(body, { cutAfter: [1000, 60_000, 10, 300_000] }) });
    const fetcher = createFetcher({ policy, signal: new AbortController().signal, patience: { retryMs: 1 } });
    const path = join(folder, "broken.mp4");
    const source = await openMp4({ fetcher, address: `${broken.origin}/v`, path });
    await source.pictures(STRETCHES);
    const [first] = STRETCHES;
    if (first) expect(await decoded(path, first)).toBe(await decoded(join(folder, "moov-first.mp4"), first));
    await source.file.close();
    await fetcher.close();
    await broken[Symbol.asyncDispose]();
  });
});
