// `node packages/web/e2e/screens.ts`: takes the pictures of every page and state into docs/screens, and those of the README into docs/images, anew.
// The browser tests take them on their way, so what is pictured is what was tested. Some minutes; looks best on a machine with fonts-noto.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { findChromium } from "./browser.ts";
import { FULL_CLIPS, startHouse } from "./testing-house.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const VITEST = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));
const SCREENS = join(ROOT, "docs/screens");
const IMAGES = join(ROOT, "docs/images");
const FILES = ["access", "compute", "credits-looks", "keyboard", "main-job", "states", "tabs"];
/** Also shown in the dark and from right to left; all others in the light alone, to keep the folder small. */
const MAIN = ["landing", "builder", "job-running", "job-finished", "editor"];
const NAME = /^(?<state>.+)-(?<width>320|768|1440)-(?<look>light|dark)(?<arabic>-ar)?\.webp$/;

const chromium = findChromium(process.env.CHROMIUM);
if (!chromium) throw new Error("No Chromium was found: install it, or set CHROMIUM to its program.");
const cache = mkdtempSync(join(tmpdir(), "kk-screens-"));
process.env.WORKER_CACHE_DIR = cache; // the same talk is heard once
try {
  rmSync(SCREENS, { recursive: true, force: true });
  const only = FILES.map((name) => `packages/web/e2e/${name}.e2e`);
  const { status } = spawnSync(
    process.execPath,
    [VITEST, "run", "--config", "vitest.e2e.config.ts", ...only],
    {
      cwd: ROOT,
      stdio: "inherit",
      env: { ...process.env, SCREENSHOTS: SCREENS },
    },
  );
  if (status !== 0) console.error("Some tests failed: their pictures may be missing or show what is wrong.");
  writeIndex(keepWanted());
  await takeImages(chromium);
} finally {
  rmSync(cache, { recursive: true, force: true });
}

/** Drops what is not shown; gives the names that are left. */
function keepWanted(): string[] {
  const isWanted = (name: string) => {
    const { state = "", width, look, arabic } = NAME.exec(name)?.groups ?? {};
    if (look === "light" && !arabic) return true;
    if (!MAIN.includes(state)) return false;
    return arabic ? look === "light" && width !== "768" : width === "1440";
  };
  const all = readdirSync(SCREENS).sort();
  for (const name of all) if (!isWanted(name)) rmSync(join(SCREENS, name));
  return all.filter(isWanted);
}

/** docs/screens/README.md: a line for each state, a column for each width. */
function writeIndex(names: string[]): void {
  const states = [...new Set(names.map((name) => NAME.exec(name)?.groups?.state ?? ""))].sort();
  const cell = (name: string) =>
    names.includes(name) ? `<a href="${name}"><img src="${name}" width="160" alt="${name}"></a>` : "";
  const row = (title: string, end: string) =>
    `| ${title} | ${[320, 768, 1440].map((width) => cell(`${title.split(",")[0]}-${width}-${end}.webp`)).join(" | ")} |`;
  const rows = [
    ...states.map((state) => row(state, "light")),
    ...MAIN.map((state) => row(`${state}, dark`, "dark")),
    ...MAIN.map((state) => row(`${state}, Arabic`, "light-ar")),
  ];
  const text = [
    "# What the page looks like",
    "",
    "Every page and state, 320, 768 and 1440 pixels wide. Made by `node packages/web/e2e/screens.ts`; do not edit.",
    "",
    "| | 320 | 768 | 1440 |",
    "|---|---|---|---|",
    ...rows,
    "",
  ];
  writeFileSync(join(SCREENS, "README.md"), text.join("\n"));
}

/** The pictures of the README. */
async function takeImages(program: string): Promise<void> {
  const house = await startHouse(program, FULL_CLIPS);
  try {
    const job = await house.finishedJob();
    const tab = await house.openTab({ jobs: [job], deviceScaleFactor: 1, reducedMotion: "reduce" });
    const take = async (name: string, width: number, height: number) => {
      await tab.setViewportSize({ width, height });
      await settled(tab);
      const raw = join(cache, `${name}.png`);
      await tab.screenshot({ path: raw });
      const palette = "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none";
      execFileSync("ffmpeg", ["-v", "error", "-y", "-i", raw, "-vf", palette, join(IMAGES, `${name}.png`)]);
    };
    await tab.goto(`/generate-clips?url=${encodeURIComponent(house.videos.at("talk"))}`);
    await tab.locator("img[src^='data:image/jpeg']").first().waitFor();
    await take("builder", 900, 1150);
    await tab.goto(job.path);
    await tab.locator("video").first().waitFor();
    await take("job", 900, 1100);
    await tab.goto(`${job.path}/edit/1`);
    await tab.getByRole("option").first().waitFor();
    await take("editor", 1180, 1000);
  } finally {
    await house.stop();
  }
}

/** Fonts and posters are there. */
async function settled(tab: Page): Promise<void> {
  await tab.evaluate(() => document.fonts.ready);
  await tab.waitForTimeout(1500);
}
