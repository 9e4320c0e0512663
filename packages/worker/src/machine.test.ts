import { readdirSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { tools as found } from "./asr/testing.ts";
import { machineFacts, machineNotes, selfTestOf } from "./machine.ts";
import { gpusIn } from "./machine-gpu.ts";
import { createCard, FFMPEG_SAYS, SMI, WHISPER } from "./testing-card.ts";

vi.setConfig({ testTimeout: 60_000 });
afterEach(() => vi.unstubAllEnvs());

const signal = new AbortController().signal;
const WANTED = { gpu: "auto", encoder: "auto", transcriber: "auto", whisperCliPath: undefined } as const;
const tools = found ?? { ffmpeg: "ffmpeg", ffprobe: "ffprobe", version: "none" };

/** What is found on a machine with such a card; `settings` are the operator's. */
async function facts(
  card: Parameters<typeof createCard>[0],
  settings: Partial<Parameters<typeof machineFacts>[0]["settings"]> = {},
) {
  using machine = createCard(card, tools.ffmpeg);
  vi.stubEnv("PATH", machine.path);
  const asked = { tools: { ...tools, ffmpeg: machine.ffmpeg }, settings: { ...WANTED, ...settings }, signal };
  const facts = await machineFacts(asked);
  return { facts, test: selfTestOf(asked, facts), notes: machineNotes(facts) };
}

test.skipIf(!found)("a consumer card hears, decodes and encodes (needs ffmpeg)", async () => {
  const { test: said, notes } = await facts({ smi: SMI.rtx4090, whisper: WHISPER.works });
  expect(said).toMatchObject({
    ...{ gpu: "NVIDIA GeForce RTX 4090", vram_mb: 24_564, driver: "550.90.07", encoder: "h264_nvenc" },
    ...{ nvenc: "OK", nvdec: "OK", cuda_whisper: "OK", transcriber: "whisper (CUDA)", notes: [] },
  });
  expect(notes).toEqual([]);
});

test.skipIf(!found)(
  "an H100 hears and decodes, and x264 encodes, as it has no engine for that (needs ffmpeg)",
  async () => {
    const { test: said } = await facts({
      smi: SMI.h100,
      whisper: WHISPER.works,
      nvenc: FFMPEG_SAYS.noEngine,
    });
    expect(said).toMatchObject({
      ...{ gpu: "NVIDIA H100 80GB HBM3", vram_mb: 81_559, encoder: "libx264" },
      ...{ nvenc: "NO_ENGINE", nvdec: "OK", cuda_whisper: "OK", transcriber: "whisper (CUDA)" },
      notes: [expect.stringMatching(/^Clips are encoded without the graphics card\. NO_ENGINE/)],
    });
  },
);

test.skipIf(!found)(
  "a driver that is too old does nothing, and each reason is told (needs ffmpeg)",
  async () => {
    const card = {
      smi: SMI.old,
      whisper: WHISPER.oldDriver,
      nvenc: FFMPEG_SAYS.oldDriver,
      nvdec: FFMPEG_SAYS.noCuvid,
    };
    const { test: said } = await facts(card);
    expect(said).toMatchObject({
      ...{ driver: "470.57.02", encoder: "libx264" },
      ...{ nvenc: "DRIVER_OLD", nvdec: "NO_LIB", cuda_whisper: "DRIVER_OLD", transcriber: "whisper (CPU)" },
    });
    expect(said.notes).toHaveLength(3);
  },
);

test("a card that was lost is told apart from none, and nothing more is tried", async () => {
  const { facts: lost, test: said } = await facts({ smi: SMI.lost, whisper: "echo tried >&2; exit 1" });
  expect(lost).toMatchObject({ gpu: null, gpuLost: true, nvenc: { code: "GPU_LOST" } });
  expect(said).toMatchObject({ gpu: null, encoder: "libx264", cuda_whisper: "GPU_LOST" });
  const { facts: none } = await facts({ smi: SMI.none });
  expect(none).toMatchObject({ gpuLost: false, nvenc: { code: "NO_DEVICE" } });
});

test("a driver that hangs is not waited for", async () => {
  const { facts: hung } = await facts({ smi: SMI.hangs, whisper: WHISPER.works });
  expect(hung).toMatchObject({
    gpu: null,
    gpuLost: false,
    nvenc: { code: "NO_ANSWER" },
    cudaWhisper: { code: "NO_ANSWER" },
  });
});

test("where there is no card nothing is tried", async () => {
  const tells = 'touch "$0.tried"; exit 1';
  using machine = createCard({ smi: null, whisper: tells }, tools.ffmpeg);
  machine.program("ffmpeg", tells);
  vi.stubEnv("PATH", machine.path);
  const asked = { tools: { ...tools, ffmpeg: machine.ffmpeg }, settings: WANTED, signal };
  const none = await machineFacts(asked);
  expect(none).toMatchObject({ gpu: null, nvenc: { code: "NO_LIB" }, cudaWhisper: { code: "NO_LIB" } });
  expect(readdirSync(machine.dir).sort()).toEqual(["ffmpeg", "whisper-cli"]);
  expect(machineFacts(asked)).toBe(machineFacts(asked)); // once per process
});

test("the operator's word counts: no card at all, x264 alone, no recogniser", async () => {
  const touches = 'touch "$0.tried"; exit 1';
  const { facts: off } = await facts({ smi: touches, whisper: touches }, { gpu: "off" });
  expect(off).toMatchObject({
    gpu: null,
    nvenc: { code: "OFF" },
    nvdec: { code: "OFF" },
    cudaWhisper: { code: "OFF" },
  });
  const card = { smi: SMI.rtx4090, whisper: "exit 1", nvdec: FFMPEG_SAYS.noCuvid };
  const { facts: some } = await facts(card, { encoder: "libx264", transcriber: "none" });
  expect(some).toMatchObject({
    nvenc: { code: "OFF" },
    cudaWhisper: { code: "OFF" },
    gpu: { driver: "550.90.07" },
  });
});

test("an abort while a card is tried is an abort, and is not remembered", async () => {
  using machine = createCard({ smi: SMI.hangs }, tools.ffmpeg);
  vi.stubEnv("PATH", machine.path);
  const asked = { tools: { ...tools, ffmpeg: machine.ffmpeg }, settings: WANTED };
  const stopped = machineFacts({ ...asked, signal: AbortSignal.timeout(200) });
  await expect(stopped).rejects.toThrow(/timeout/i);
  machine.program("nvidia-smi", SMI.none);
  expect(await machineFacts({ ...asked, signal })).toMatchObject({ nvenc: { code: "NO_DEVICE" } });
});

const TWO = `GPU-aaaa1111, NVIDIA L4, 23034 MiB, 535.183.01
GPU-bbbb2222, NVIDIA GB10, [N/A], 580.95.05`;

test("of several cards the one that CUDA may use counts; what a card does not tell is not known", () => {
  const nameOf = (visible?: string) => gpusIn(TWO, visible)?.gpus[0]?.name;
  expect(nameOf()).toBe("NVIDIA L4");
  expect(nameOf("1")).toBe("NVIDIA GB10");
  expect(nameOf("GPU-bbbb,0")).toBe("NVIDIA GB10");
  expect(nameOf("7")).toBeUndefined();
  expect(gpusIn(TWO, "1")?.gpus[0]).toMatchObject({ vramMb: null, driver: "580.95.05" });
});

test.each(["", "garbage", "NVIDIA-SMI has failed", "uuid, name\n<html>, x, 1 MiB, 2", "GPU-, x, 1 MiB, 1"])(
  "%j names no card",
  (answer) => expect(gpusIn(answer, undefined)).toBeUndefined(),
);
