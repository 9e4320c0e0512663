import { readFile } from "node:fs/promises";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { pictures } from "./testing-pictures.ts";

/**
 * Watches a job to its clips: which stages were seen at work, every progress that the tab's title told, and at which one a clip could be
 * played (null: not before all were done).
 */
export async function watchStages(page: Page, { reloadIn }: { reloadIn: string }) {
  const stages = new Set<string>();
  const progress: number[] = [];
  let playedAt: number | null = null;
  let reloaded = false;
  while (!(await page.title()).includes("Your clips are ready")) {
    const failure = page.getByRole("alert").filter({ hasText: "Code" });
    if (await failure.count()) throw new Error((await failure.textContent()) ?? "");
    const [stage] = await page
      .locator("[data-state=now]")
      .evaluateAll((rows) => rows.map((row) => row.dataset.stage));
    const told = /^(\d+)%/.exec(await page.title())?.[1];
    if (stage) stages.add(stage);
    if (told) progress.push(Number(told));
    if (stage === reloadIn && !reloaded) {
      reloaded = true;
      await page.reload();
    }
    if (playedAt === null && stage && (await plays(page))) {
      playedAt = progress.at(-1) ?? null;
      await pictures(page, "job-first-clip");
    }
    await page.waitForTimeout(100);
  }
  await page.locator("video").first().waitFor();
  return { stages: [...stages], progress, playedAt };
}

/** Starts the first clip that is there, if any; whether it moves. */
function plays(page: Page): Promise<boolean> {
  return page.locator("video").evaluateAll(([video]) => {
    if (!(video instanceof HTMLVideoElement)) return false;
    if (video.paused) void video.play().catch(() => {}); // until its bytes are there, however long that takes
    return video.currentTime > 0.2;
  });
}

/** Presses a button that saves a file, and reads it. */
export async function save(page: Page, button: string | RegExp) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).first().click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Where a browser keeps the token of a job. */
const tokenKey = (jobUrl: string) => `kk:job_token:${new URL(jobUrl).pathname.split("/").pop()}`;

export async function tokenOf(context: BrowserContext, jobUrl: string): Promise<string> {
  const { origins } = await context.storageState();
  const stored = origins
    .flatMap(({ localStorage }) => localStorage)
    .find(({ name }) => name === tokenKey(jobUrl));
  if (!stored) throw new Error(`The browser has no token of ${jobUrl}`);
  return stored.value;
}

/** What the page complains about in the browser's console, and of which address; a list that grows. */
export function consoleErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("console", (message) => {
    const address = message.location().url.replace(/\?.*/, ""); // what follows is a permission
    if (message.type() === "error") errors.push(`${message.text()} ${address}`);
  });
  page.on("pageerror", (error) => errors.push(error.message));
  return errors;
}

/** Goes on from what has the focus, key by key, as somebody without a mouse does, until this has it. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  const hasFocus = () => target.evaluate((element) => element === document.activeElement);
  for (let presses = 0; presses < 120; presses++) {
    if (await hasFocus()) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`The Tab key does not lead to ${target}`);
}
