import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { WORKS } from "../ability.ts";
import type { FetchedSource } from "../stage.ts";
import { createCard, WHISPER } from "../testing-card.ts";
import { RATE } from "./pcm.ts";
import { aContext, aSoundMap, temporaryDir } from "./testing.ts";
import { callsOf, createWhisperCliTranscriber } from "./whisper-cli.ts";
import { runWhisperCli, whisperCliArgs } from "./whisper-cli-run.ts";

vi.setConfig({ testTimeout: 60_000 });

const GPU = { uuid: "GPU-1", name: "NVIDIA GeForce RTX 4090", vramMb: 24_564, driver: "550.90.07" };
const working = async () => ({ cudaWhisper: WORKS, gpu: GPU });

/** What a transcriber needs to hear some seconds of tone, with a whisper-cli that does as `script` says. */
async function hearing(
  dir: string,
  seconds: number,
  script: string,
  options: Parameters<typeof aContext>[1] = {},
) {
  const card = createCard({ smi: null, whisper: script }, "ffmpeg");
  const model = join(dir, "model.bin");
  const header = Buffer.alloc(48);
  for (const [at, value] of [[0, 0x67676d6c], [4, 51_865], [8, 1500], [40, 80]] as const) // biome-ignore format: a table
    header.writeInt32LE(value, at);
  await writeFile(model, header);
  const { context, told } = aContext(dir, {
    ...options,
    settings: { whisperCliPath: join(card.dir, "whisper-cli"), modelPath: model, ...options.settings },
  });
  const pcmFile = join(dir, "sound.pcm");
  await writeFile(pcmFile, Buffer.alloc(seconds * RATE * 2, 1));
  const progress: [number, number][] = [];
  return {
    ...{ context, told, card, progress, pcmFile, sound: aSoundMap([], seconds), durationSeconds: seconds },
    ...{ source: {} as FetchedSource, waiting() {} },
    heard: (fraction: number, upTo: number) => void progress.push([fraction, upTo]),
    [Symbol.dispose]: () => card[Symbol.dispose](),
  };
}

test("on the card: words with times, in the parts' places, the language, how far it is, and where it ran", async () => {
  await using temporary = await temporaryDir();
  using input = await hearing(temporary.dir, 15, WHISPER.works);
  const lengths = { minSeconds: 5, maxSeconds: 10, skipSeconds: 8 };
  const heard = await createWhisperCliTranscriber({
    machine: working,
    device: "gpu",
    lengths,
    callSeconds: 10,
  }).transcribe(input);
  if (!("segments" in heard)) throw new Error(heard.unavailable);
  expect(heard).toMatchObject({ language: "en", accuracy: "high", timing: "word" });
  const words = heard.segments.flatMap(({ words: own }) => own);
  const begin = words.map(({ start }) => Math.round(start * 10) / 10);
  expect(words.map(({ word }) => word)).toEqual(["Hello", "world.", "Hello", "world."]);
  expect(begin.slice(0, 2)).toEqual([0.1, 0.6]);
  expect(begin[2]).toBeCloseTo((begin[3] ?? 0) - 0.5);
  expect(begin[2]).toBeGreaterThan(5);
  expect(heard.notes).toEqual(["Whisper ran on the graphics card (NVIDIA GeForce RTX 4090)."]);
  const fractions = input.progress.map(([fraction]) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(input.progress.at(-1)).toEqual([expect.closeTo(1), 15]);
  expect(await readdir(temporary.dir)).toEqual(["model.bin", "sound.pcm"]); // no copy of the sound stays
});

test("what the first parts said is told while it is at work on the next one", async () => {
  await using temporary = await temporaryDir();
  const seconds = 40;
  using input = await hearing(temporary.dir, seconds, WHISPER.works);
  const lengths = { minSeconds: 5, maxSeconds: 10, skipSeconds: 8 };
  const early: [number, string | null][] = [];
  const heard = await createWhisperCliTranscriber({ machine: working, device: "gpu", lengths }).transcribe({
    ...input,
    sure: (upTo, soFar) => void early.push([upTo, soFar().language]),
  });
  expect(heard).toMatchObject({ language: "en" });
  expect(early.length).toBeGreaterThan(1);
  expect(early).toEqual(early.toSorted(([a], [b]) => a - b));
  for (const [upTo, language] of early) expect([upTo < seconds, language]).toEqual([true, "en"]);
});

test("silence is not given to it, and words after it have the times of the source", async () => {
  await using temporary = await temporaryDir();
  // the second word comes half a second after the seam, which lies 2.5 s into the part
  const later = WHISPER.works.replace('"from": 600, "to": 900', '"from": 3000, "to": 3300');
  using input = await hearing(temporary.dir, 15, `wc -c < part-0.wav > "$0.bytes"\n${later}`);
  const heard = await createWhisperCliTranscriber({ machine: working, device: "gpu" }).transcribe({
    ...input,
    sound: aSoundMap([[2, 12]], 15),
  });
  const bytes = Number(await readFile(join(input.card.dir, "whisper-cli.bytes"), "utf8"));
  expect(bytes).toBe(44 + 6 * RATE * 2);
  const words = "segments" in heard ? heard.segments.flatMap(({ words: own }) => own) : [];
  expect(words.map(({ word, start }) => [word, start])).toEqual([
    ["Hello", 0.1],
    ["world.", 12],
  ]);
  expect(input.progress.at(-1)).toEqual([expect.closeTo(1), 15]);
});

test.each<[string, string]>([
  ["noMemory", "OUT_OF_MEMORY"],
  ["noKernel", "NO_KERNEL"],
  ["oldDriver", "DRIVER_OLD"],
  ["notBuilt", "NOT_BUILT"],
  ["noLibrary", "NO_LIB"],
])(
  "a card that fails (%s) makes way for the processor at once, with the reason for the receipt",
  async (how, code) => {
    await using temporary = await temporaryDir();
    using input = await hearing(temporary.dir, 5, WHISPER[how as keyof typeof WHISPER]);
    const heard = await createWhisperCliTranscriber({ machine: working, device: "gpu" }).transcribe(input);
    expect(heard).toMatchObject({
      unavailable: expect.stringContaining(code),
      note: expect.stringContaining(code),
    });
    expect(await readdir(temporary.dir)).toEqual(["model.bin", "sound.pcm"]);
  },
);

test.each<[string, string]>([
  ["nothing", "exit 0"],
  ["a text", "for f in part-0; do echo broken > $f.json; done; exit 0"],
  ["a file without end", "head -c 20000000 /dev/zero > part-0.json; exit 0"],
])("a program that ends well but leaves %s has failed", async (_, script) => {
  await using temporary = await temporaryDir();
  const starts = "echo 'whisper_backend_init_gpu: using CUDA0 backend' >&2";
  using input = await hearing(temporary.dir, 5, `${starts}\n${script}`);
  const heard = await createWhisperCliTranscriber({ machine: working, device: "gpu" }).transcribe(input);
  expect(heard).toMatchObject({ note: expect.stringContaining("NO_OUTPUT") });
});

test("words are never waited for without end, and stderr without end is not kept", async () => {
  await using temporary = await temporaryDir();
  const floods = "head -c 60000000 /dev/zero | tr '\\0' x >&2; exec sleep 600";
  using card = createCard({ smi: null, whisper: floods }, "ffmpeg");
  const parts = [{ name: "part-0", seconds: 5 }];
  const task = {
    program: join(card.dir, "whisper-cli"),
    model: "m",
    device: "gpu" as const,
    language: "en",
    threads: 1,
  };
  const run = runWhisperCli(
    { ...task, dir: temporary.dir, parts },
    { signal: new AbortController().signal, timeoutMs: 4000 },
  );
  await expect(run).rejects.toMatchObject({ ability: { code: "NO_ANSWER" } });
});

test("cancelling ends the program, and leaves nothing", async () => {
  await using temporary = await temporaryDir();
  const abort = new AbortController();
  using input = await hearing(temporary.dir, 5, `: > "$0.begun"\n${WHISPER.hangs}`, { signal: abort.signal });
  const heard = createWhisperCliTranscriber({ machine: working, device: "gpu" }).transcribe(input);
  const begun = setInterval(async () => {
    if ((await readdir(input.card.dir)).includes("whisper-cli.begun")) abort.abort(new Error("cancelled"));
  }, 50);
  await expect(heard).rejects.toThrow("cancelled");
  clearInterval(begun);
  expect(await readdir(temporary.dir)).toEqual(["model.bin", "sound.pcm"]);
});

test("where CUDA does not work nothing is started, and where whisper.node is there it comes first", async () => {
  await using temporary = await temporaryDir();
  using input = await hearing(temporary.dir, 5, ": > started");
  const broken = async () => ({ cudaWhisper: { code: "NO_LIB", reason: "NO_LIB: none" }, gpu: null });
  const onCard = createWhisperCliTranscriber({ machine: broken, device: "gpu" });
  expect(await onCard.transcribe(input)).toEqual({ unavailable: "NO_LIB: none" });
  const onCpu = createWhisperCliTranscriber({ machine: broken, device: "cpu" });
  expect(await onCpu.transcribe(input)).toEqual({ unavailable: "whisper.node does the same" });
});

test("a model that finds speech is used where it lies beside the other one and the program knows what it is", async () => {
  await using temporary = await temporaryDir();
  const keeps = `printf '%s ' "$@" > "$0.args"\n${WHISPER.works}`;
  using input = await hearing(temporary.dir, 5, keeps);
  const transcriber = createWhisperCliTranscriber({ machine: working, device: "gpu" });
  const args = async () => {
    await transcriber.transcribe(input);
    return readFile(join(input.card.dir, "whisper-cli.args"), "utf8");
  };
  expect(await args()).not.toContain("--vad");
  const silero = Buffer.alloc(20);
  silero.writeInt32LE(0x67676d6c, 0);
  silero.writeInt32LE(10, 4);
  silero.write("silero-16k", 8, "latin1");
  await writeFile(join(temporary.dir, "ggml-silero-v6.2.0.bin"), "no model at all");
  expect(await args()).not.toContain("--vad");
  await writeFile(join(temporary.dir, "ggml-silero-v6.2.0.bin"), silero);
  expect(await args()).toContain(`--vad -vm ${join(temporary.dir, "ggml-silero-v6.2.0.bin")}`);
  // an older program would end at an argument that it does not know
  await writeFile(
    join(input.card.dir, "whisper-cli"),
    `#!/bin/sh\ncase "$*" in *--help*) exit 0;; esac\n${keeps}\n`,
  );
  expect(await args()).not.toContain("--vad");
});

test("a language that is not named is told by half a minute, once for all parts", async () => {
  await using temporary = await temporaryDir();
  const keeps = `echo "$*" >> "$0.args"\n${WHISPER.works}`;
  using input = await hearing(temporary.dir, 50, keeps, { job: { language: "auto" } });
  const lengths = { minSeconds: 10, maxSeconds: 20, skipSeconds: 8 };
  await createWhisperCliTranscriber({ machine: working, device: "gpu", lengths }).transcribe(input);
  const calls = (await readFile(join(input.card.dir, "whisper-cli.args"), "utf8")).trim().split("\n");
  expect(calls.map((call) => /-l (\S+)/.exec(call)?.[1])).toEqual(["auto", "en"]);
  expect(calls[0]).toContain("-dl -mc");
  expect(calls[0]).toContain("-f sample.wav -of sample");
  expect(calls[1]).toContain("-f part-0.wav -of part-0 -f part-1.wav -of part-1 -f part-2.wav");
});

test("the arguments are those of whisper.node on the processor, and the card's own on the card", () => {
  const task = { program: "whisper-cli", model: "/models/m.bin", language: "en", threads: 4, dir: "/x" };
  const parts = [{ name: "part-0", seconds: 5 }];
  expect(whisperCliArgs({ ...task, parts, device: "cpu" }).join(" ")).toBe(
    "-m /models/m.bin -l en -t 4 -oj -pp -ng -ml 1 -mc 0 -bo 1 -bs 1 -tpi 0.4 -f part-0.wav -of part-0",
  );
  expect(whisperCliArgs({ ...task, parts, device: "gpu", vadModel: "/models/v.bin" }).join(" ")).toBe(
    "-m /models/m.bin -l en -t 4 -oj -pp -dev 0 -ml 1 -mc 0 -bo 1 -bs 5 -tpi 0.4 --vad -vm /models/v.bin -f part-0.wav -of part-0",
  );
});

test("parts are heard in calls of about an hour, none of them left out", () => {
  const parts = Array.from({ length: 10 }, (_, i) => [{ start: i * 300, end: i * 300 + 290 }]);
  const calls = callsOf(parts, 900);
  expect(calls.map(({ length }) => length)).toEqual([3, 3, 3, 1]);
  expect(calls.flat()).toEqual(parts);
  expect(callsOf([[{ start: 0, end: 5000 }]], 900)).toHaveLength(1);
  expect(callsOf([], 900)).toEqual([]);
});
