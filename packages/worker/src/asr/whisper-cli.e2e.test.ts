import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { findProgram } from "../child.ts";
import { tryCudaWhisper } from "../machine.ts";
import type { FetchedSource } from "../stage.ts";
import { createCard } from "../testing-card.ts";
import { comingParts } from "./coming-parts.ts";
import { RATE } from "./pcm.ts";
import { aContext, aSoundMap, temporaryDir } from "./testing.ts";
import { RECORDED, RECORDED_STDERR } from "./testing-whisper-cli.ts";
import { tinyModel } from "./tiny-model.ts";
import { wavOf } from "./wav.ts";
import { createWhisperTranscriber, heardIn } from "./whisper.ts";
import { hearParts } from "./whisper-cli.ts";
import { runWhisperCli } from "./whisper-cli-run.ts";

/** The real program, where this machine has one; it is no package anywhere, so elsewhere a recording of it stands in. */
const real = await findProgram(process.env.WHISPER_CLI_PATH ?? "whisper-cli").catch(() => undefined);
const signal = new AbortController().signal;

const SECONDS = 9;
/** Noise as samples, the same every time. */
function noise(): Buffer {
  let state = 7;
  const samples = Int16Array.from({ length: SECONDS * RATE }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >> 17;
  });
  return Buffer.from(samples.buffer);
}

async function aTask(dir: string, program: string) {
  const model = join(dir, "tiny.bin");
  await writeFile(model, tinyModel());
  await writeFile(join(dir, "part-0.wav"), wavOf(noise()));
  const task = { program, model, device: "cpu" as const, language: "en", threads: 1, dir };
  return { ...task, once: true, parts: [{ name: "part-0", seconds: 70 }] };
}

describe(real ? "the real whisper-cli" : "whisper-cli as it was recorded (this machine has none)", () => {
  const recorded = mkdtempSync(join(tmpdir(), "kk-recorded-"));
  afterAll(() => rmSync(recorded, { recursive: true }));
  const [json, stderr] = [join(recorded, "json"), join(recorded, "stderr")];
  writeFileSync(json, RECORDED);
  writeFileSync(stderr, RECORDED_STDERR);
  const card = createCard({ smi: null, whisper: `cat '${stderr}' >&2; cp '${json}' part-0.json` }, "ffmpeg");
  afterAll(() => card[Symbol.dispose]());
  const program = real ?? join(card.dir, "whisper-cli");

  test("it takes our arguments, tells how far it is, and what it writes is read", async () => {
    await using temporary = await temporaryDir();
    const told: [number, number][] = [];
    const task = await aTask(temporary.dir, program);
    const { heard, device } = await runWhisperCli(task, { signal, onProgress: (...one) => told.push(one) });
    expect(device).toBe("CPU");
    expect(heard).toHaveLength(1);
    expect(heard[0]?.language).toBe("en");
    expect(heard[0]?.pieces.length).toBeGreaterThan(0);
    expect(told.at(-1)).toEqual([0, 1]);
  });

  test("without a card it is known before it takes the processor", async () => {
    await using temporary = await temporaryDir();
    const task = { ...(await aTask(temporary.dir, program)), device: "gpu" as const };
    const found = await runWhisperCli(task, { signal }).then(
      ({ device }) => device,
      (error: { ability?: { code: string } }) => error.ability?.code,
    );
    // a machine with a card that works says its name
    expect(found).toMatch(/^(?:NOT_BUILT|NO_DEVICE|NO_LIB|DRIVER_OLD|(?:CUDA|Vulkan|MTL)\d)/);
    expect((await tryCudaWhisper(program, signal)).code).toMatch(
      /^(?:OK|NOT_BUILT|NO_DEVICE|NO_LIB|DRIVER_OLD|NO_KERNEL)$/,
    );
  });

  test("a broken model and sound that is none are failures, whatever it ends with", async () => {
    if (!real) return; // a recording plays to the end whatever it is given
    await using temporary = await temporaryDir();
    const task = await aTask(temporary.dir, program);
    await writeFile(task.model, tinyModel().subarray(0, 3_000_000));
    await expect(runWhisperCli(task, { signal })).rejects.toMatchObject({
      ability: { code: "MODEL_BROKEN" },
    });
    await writeFile(task.model, tinyModel());
    await writeFile(join(temporary.dir, "part-0.wav"), "no sound");
    await expect(runWhisperCli(task, { signal })).rejects.toMatchObject({ ability: { code: "NO_OUTPUT" } });
  });

  test("it hears as much as whisper.node hears, in the same shape and at the same moments", async () => {
    if (!real) return;
    await using temporary = await temporaryDir();
    const { model } = await aTask(temporary.dir, program);
    const { context } = aContext(temporary.dir, {
      settings: { modelPath: model, whisperCliPath: program, threads: 1 },
    });
    const pcmFile = join(temporary.dir, "sound.pcm");
    await writeFile(pcmFile, noise());
    const sound = aSoundMap([], SECONDS);
    const hearing = {
      ...{ context, pcmFile, sound, durationSeconds: SECONDS, source: {} as FetchedSource },
      ...{ heard() {}, waiting() {} },
    };
    const lengths = { minSeconds: 3, maxSeconds: 6, skipSeconds: 8 };
    const byNode = await createWhisperTranscriber(undefined, lengths).transcribe(hearing);
    await using parts = await comingParts(hearing, lengths, signal);
    const task = { program, model, device: "cpu" as const, language: "en", threads: 1, dir: temporary.dir };
    const byCli = heardIn(hearing, parts.parts, [], await hearParts(hearing, parts, task, 3600));
    expect(parts.parts).toHaveLength(2);
    expect(byCli.segments.length).toBeGreaterThan(0);
    // random weights leave some words a hair's breadth apart, which two builds need not see alike; their moments are the same
    const moments = (one: typeof byCli) =>
      one.segments.map(({ words, start, duration }) => [start, duration, ...words.map(({ end }) => end)]);
    if (!("segments" in byNode)) throw new Error(byNode.unavailable);
    expect(moments(byCli)).toEqual(moments(byNode));
    expect({ ...byCli, segments: [] }).toEqual({ ...byNode, segments: [] });
  });
});
