import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { afterAll, expect, test, vi } from "vitest";
import { lacking, WORKS } from "../ability.ts";
import { aSource, ffmpeg, tools } from "../asr/testing.ts";
import { createCard, FFMPEG_SAYS } from "../testing-card.ts";
import { chooseDecoder, decodingArgs, nvdecFailure, tryNvdec } from "./decoder.ts";

vi.setConfig({ testTimeout: 60_000 });
const signal = new AbortController().signal;
const dir = mkdtempSync(join(tmpdir(), "kk-decoder-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** The machine's ffmpeg behind a card whose NVDEC works, or says this. */
const withCard = (nvdec?: string) => {
  const card = createCard({ smi: null, ...(nvdec !== undefined && { nvdec }) }, tools?.ffmpeg ?? "");
  return { ...card, tools: { ffprobe: "ffprobe", version: "5.1", ...tools, ffmpeg: card.ffmpeg } };
};

test("pictures come back into memory, one thread holds them, and the processor's arguments are as they were", () => {
  expect(decodingArgs("nvdec", 8)).toEqual(["-threads", "1", "-hwaccel", "cuda"]);
  expect(decodingArgs("cpu", 8)).toEqual(["-threads", "8"]);
});

test.each([
  [
    "NO_LIB",
    "[AVHWDeviceContext @ 0x5] Cannot load libcuda.so.1\n[AVHWDeviceContext @ 0x5] Could not dynamically load CUDA",
  ],
  ["NO_LIB", FFMPEG_SAYS.noCuvid],
  ["NO_DEVICE", "cu->cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected"],
  ["OUT_OF_MEMORY", "cu->cuCtxCreate failed -> CUDA_ERROR_OUT_OF_MEMORY: out of memory"],
  [
    "NO_ENGINE",
    "Impossible to convert between the formats supported by the filter 'graph 0 input' and the filter 'auto_scale_0'",
  ],
  ["UNKNOWN", "something new"],
])("%s is read from what ffmpeg says", (code, said) => {
  const cause = new Error("ffmpeg ended with 1", { cause: said });
  expect(nvdecFailure(new KangKlipError("RENDER_FAILED", "The media tool failed", { cause })).code).toBe(
    code,
  );
  expect(nvdecFailure(new KangKlipError("TIMED_OUT", "late")).code).toBe("NO_ANSWER");
});

test.skipIf(!tools)(
  "NVDEC counts where it gives the processor's pictures, bit by bit (needs ffmpeg)",
  async () => {
    using good = withCard();
    expect(await tryNvdec(good.tools, signal)).toEqual(WORKS);
    using none = withCard(FFMPEG_SAYS.noCuvid);
    expect(await tryNvdec(none.tools, signal)).toMatchObject({ code: "NO_LIB" });
    using wrong = withCard();
    wrong.program(
      "ffmpeg",
      `case "$*" in *-hwaccel*) echo '0, 0, 0, 1, 115200, 0123';; *) exec '${tools?.ffmpeg}' "$@";; esac`,
    );
    expect(await tryNvdec(wrong.tools, signal)).toMatchObject({ code: "WRONG_PICTURE" });
  },
);

test.skipIf(!tools)(
  "each source is looked at by itself, and HDR is left to the processor (needs ffmpeg)",
  async () => {
    const file = join(dir, "source.mp4");
    await ffmpeg(
      "-f",
      "lavfi",
      "-i",
      "testsrc2=s=320x180:r=30",
      "-t",
      "1",
      "-c:v",
      "libx264",
      "-pix_fmt",
      "yuv420p",
      file,
    );
    const source = await aSource(file);
    using good = withCard();
    expect(await chooseDecoder(good.tools, source, WORKS, signal)).toEqual({
      decoder: "nvdec",
      reason: null,
    });
    using none = withCard("Impossible to convert between the formats");
    expect(await chooseDecoder(none.tools, source, WORKS, signal)).toMatchObject({
      ...{ decoder: "cpu", reason: expect.stringContaining("NO_ENGINE") },
    });
    const off = lacking("OFF", "GPU=off");
    expect(await chooseDecoder(good.tools, source, off, signal)).toEqual({
      decoder: "cpu",
      reason: "OFF: GPU=off",
    });
    const hdr = { ...source, info: { ...source.info, video: { ...source.info.video, hdr: true } } };
    expect(await chooseDecoder(good.tools, hdr, WORKS, signal)).toMatchObject({ decoder: "cpu" });
  },
);

test.skipIf(!tools)("an abort while it is tried is an abort (needs ffmpeg)", async () => {
  using card = withCard();
  card.program("ffmpeg", "exec sleep 60");
  await expect(tryNvdec(card.tools, AbortSignal.timeout(200))).rejects.toThrow(/timeout/i);
});
