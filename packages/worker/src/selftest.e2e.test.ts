import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SelfTest } from "@kangklip/contract";
import { expect, test, vi } from "vitest";
import { tools } from "./asr/testing.ts";
import type { SelfTestReport } from "./selftest.ts";
import { createCard, FFMPEG_SAYS, SMI, WHISPER } from "./testing-card.ts";

vi.setConfig({ testTimeout: 120_000 });

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
/** Small and quick; what is asked does not depend on the size. */
const SMALL = {
  RENDER_RESOLUTION: "270x480",
  RENDER_PRESET: "ultrafast",
  RENDER_CRF: "35",
  MODEL_DOWNLOAD: "off",
};

/** Runs `worker selftest` with these programs before all others. */
async function selfTest(options: string[], env: Record<string, string> = {}) {
  const dir = mkdtempSync(join(tmpdir(), "kk-selftest-"));
  const given = { PATH: process.env.PATH ?? "", TMPDIR: dir, ...SMALL, ...env };
  const child = spawn(process.execPath, [MAIN, "selftest", ...options], {
    cwd: dir,
    env: { ...given, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exit = await new Promise<number | null>((end) => child.once("close", end));
  const left = readdirSync(dir);
  rmSync(dir, { recursive: true, force: true });
  return { exit, stdout, stderr, left };
}

test.skipIf(!tools)(
  "without a card the processor does all, a clip is really made, and nothing is left (needs ffmpeg)",
  async () => {
    const { exit, stdout, left } = await selfTest(["--json"], { TRANSCRIBER: "none" });
    const report = JSON.parse(stdout) as SelfTestReport;
    expect(SelfTest.safeParse(report).error).toBeUndefined();
    expect([exit, report.ok, report.exit_code]).toEqual([0, true, 0]);
    expect(report).toMatchObject({
      ...{ gpu: null, nvenc: "NO_LIB", nvdec: "NO_LIB", cuda_whisper: "NO_LIB", encoder: "libx264" },
      ...{
        faces: { backend: "blazeface", reason: null },
        clip: { encoder: "libx264", decoder: "cpu", captioned: true },
      },
      notes: [expect.stringContaining("No graphics card")],
    });
    expect(report.clip?.bytes).toBeGreaterThan(1000);
    expect(left).toEqual([]);
  },
);

test.skipIf(!tools)("with a card the card does it, and the text says so (needs ffmpeg)", async () => {
  using card = createCard({ smi: SMI.rtx4090, whisper: WHISPER.works }, tools?.ffmpeg ?? "");
  const { exit, stdout } = await selfTest([], { PATH: card.path });
  expect(exit).toBe(0);
  expect(stdout).toMatch(/graphics card +NVIDIA GeForce RTX 4090, 24564 MB, driver 550\.90\.07/);
  expect(stdout).toMatch(/whisper-cli +1\.9\.3/);
  expect(stdout).toMatch(/clip +h264_nvenc, decoded by nvdec/);
  expect(stdout).toContain("Whisper ran on the graphics card (NVIDIA GeForce RTX 4090).");
  expect(stdout).toMatch(/Clips can be made here\.\s*$/);
});

test.skipIf(!tools)("a data-centre card decodes, and x264 makes the clip (needs ffmpeg)", async () => {
  using card = createCard({ smi: SMI.h100, whisper: null, nvenc: FFMPEG_SAYS.noEngine }, tools?.ffmpeg ?? "");
  const { exit, stdout } = await selfTest(["--json"], { PATH: card.path, TRANSCRIBER: "none" });
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ gpu: "NVIDIA H100 80GB HBM3", nvenc: "NO_ENGINE", nvdec: "OK" },
    clip: { encoder: "libx264", decoder: "nvdec" },
  });
});

test.skipIf(!tools)(
  "a container that has lost its card ends with 71; a machine that never had it for itself goes on (needs ffmpeg)",
  async () => {
    using card = createCard({ smi: SMI.lost }, tools?.ffmpeg ?? "");
    const env = { PATH: card.path, TRANSCRIBER: "none" };
    const [container, host] = await Promise.all([
      selfTest(["--json"], { ...env, NVIDIA_VISIBLE_DEVICES: "GPU-5c0e5bd0" }),
      selfTest(["--json"], env),
    ]);
    expect([container.exit, host.exit]).toEqual([71, 0]);
    expect(JSON.parse(container.stdout)).toMatchObject({ ok: false, nvenc: "GPU_LOST" });
  },
);

test("a machine that can make no clip ends with 69 and says what is missing", async () => {
  const { exit, stdout } = await selfTest(["--json"], { PATH: "/nowhere" });
  expect(exit).toBe(69);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    clip: null,
    problems: [expect.stringContaining("ffmpeg")],
  });
});

test("options and commands that are none, and settings that are wrong, are named", async () => {
  const all = await Promise.all([
    selfTest(["--jsn"]),
    selfTest(["--json"], { GPU: "maybe", ENCODER: "av1" }),
  ]);
  expect(all.map(({ exit }) => exit)).toEqual([64, 64]);
  expect(all[0]?.stderr).toContain("--jsn");
  expect(all[1]?.stderr).toMatch(/GPU[\s\S]*ENCODER|ENCODER[\s\S]*GPU/);
});
