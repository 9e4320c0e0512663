import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

const LAUNCH = {
  KK_API_URL: "http://127.0.0.1:3000",
  KK_LAUNCH_KEY: "kk-01jd0000000000000000000000-e1",
  KK_CLAIM_TOKEN: "kkc_0123456789012345678901234567890123456789",
};
const settingsOf = (env: Record<string, string>) => readConfig({ ...LAUNCH, ...env }).settings;

test("a launch alone is enough: everything else has its usual value", () => {
  const { launch, settings } = readConfig(LAUNCH);
  expect(launch).toEqual({ ...LAUNCH, KK_LOG_LEVEL: "info" });
  expect(settings).toMatchObject({
    ...{ transcriber: "auto", modelDownload: true, modelPath: undefined, modelsDir: ".kangklip/models" },
    ...{ renderWidth: 1080, renderHeight: 1920, renderMaxFps: 30 },
    ...{ captionFont: "Roboto", captionFontSize: undefined, captionMarginV: undefined },
  });
  expect(settings.threads).toBeGreaterThanOrEqual(1);
});

test("what the operator sets counts, an empty variable does not, and foreign ones are left alone", () => {
  const settings = settingsOf({
    ...{ TRANSCRIBER: "none", MODEL_DOWNLOAD: "off", MODEL_PATH: "", WORKER_THREADS: "3" },
    ...{ CAPTION_FONT: "Noto Sans", CAPTION_MAX_LINES: "1", KK_LAUNCH_DIR: "/somewhere", HOME: "/home" },
  });
  expect(settings).toMatchObject({
    transcriber: "none",
    modelDownload: false,
    modelPath: undefined,
    threads: 3,
  });
  expect(settings).toMatchObject({ captionFont: "Noto Sans", captionMaxLines: 1 });
});

test("finished stages are kept only where a folder was named, and not where they may take nothing", () => {
  const cacheOf = (env: Record<string, string>) => readConfig({ ...LAUNCH, ...env }).cache;
  expect(cacheOf({}).dir).toBeUndefined();
  const dir = "/var/cache/kangklip";
  expect(cacheOf({ WORKER_CACHE_DIR: dir })).toEqual({ dir, maxBytes: 20e9, needsWall: false });
  expect(cacheOf({ WORKER_CACHE_DIR: dir, CACHE_MAX_GB: "0.5", CACHE_WALL: "required" })).toEqual({
    ...{ dir, maxBytes: 5e8, needsWall: true },
  });
  expect(cacheOf({ WORKER_CACHE_DIR: dir, CACHE_MAX_GB: "0" }).dir).toBeUndefined();
});

test("a resolution has even sides, as video must", () => {
  const { renderWidth, renderHeight } = settingsOf({ RENDER_RESOLUTION: "271x481" });
  expect([renderWidth, renderHeight]).toEqual([270, 480]);
});

test.each([
  ["RENDER_RESOLUTION", "1080p"],
  ["RENDER_RESOLUTION", "00x00"],
  ["RENDER_CRF", "99"],
  ["RENDER_CRF", "20.5"],
  ["RENDER_PRESET", "veryfast -x"],
  ["CAPTION_FONT", "Roboto,Bold:fontsdir=/"],
  ["MODEL_DOWNLOAD", "maybe"],
  ["TRANSCRIBER", "google"],
  ["CACHE_MAX_GB", "-1"],
  ["CACHE_WALL", "perhaps"],
])("%s=%s is refused by name", (name, value) => {
  expect(() => settingsOf({ [name]: value })).toThrow(name);
});

test("everything that is wrong or missing is named at once", () => {
  const wrong = () => readConfig({ KK_API_URL: "ftp://x", RENDER_CRF: "99", WORKER_THREADS: "0" });
  for (const name of ["KK_API_URL", "KK_LAUNCH_KEY", "KK_CLAIM_TOKEN", "RENDER_CRF", "WORKER_THREADS"])
    expect(wrong).toThrow(name);
  expect(wrong).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
});
