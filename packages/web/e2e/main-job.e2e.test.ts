import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmbedded } from "../../../tooling/embedded.ts";
import { KEPT } from "../../../tooling/sample/make.ts";
import { serveFile } from "../../../tooling/sample/serve.ts";
import {
  accessibilityFaults,
  findChromium,
  look,
  openBrowser,
  openOptions,
  overflow,
  PAGES,
  smallTargets,
} from "./browser.ts";
import { consoleErrors, save, tabTo, tokenKey, tokenOf, watchStages } from "./testing-job.ts";

const chromium = findChromium(process.env.CHROMIUM);
const WIDTHS = [320, 768, 1440];
const CLIPS_MS = 480_000;
const ENOUGH = { timeout: 30_000 };
const PHONE = { width: 390, height: 844 };

describe.skipIf(!chromium)("the main job in a browser (needs chromium)", () => {
  let talk: Awaited<ReturnType<typeof serveFile>>;
  let house: Awaited<ReturnType<typeof startEmbedded>>;
  let browser: Browser;
  let pictures: string;
  /** The browser that makes the job, and the job it made: later tests look at it again. */
  let mine: BrowserContext;
  let jobUrl = "";

  beforeAll(async () => {
    talk = await serveFile(KEPT);
    house = await startEmbedded({ allowOrigins: [new URL(talk.url).origin] });
    browser = await openBrowser(chromium ?? "");
    mine = await browser.newContext({ baseURL: house.url, acceptDownloads: true });
    pictures = process.env.SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), "kk-pictures-")));
  });
  afterAll(async () => {
    await browser?.close();
    await house?.stop();
    await talk?.close();
    if (pictures && !process.env.SCREENSHOTS) await rm(pictures, { recursive: true });
  });

  test(
    "an address becomes clips, through six stages that a reload does not lose",
    async () => {
      const page = await mine.newPage();
      const errors = consoleErrors(page);
      await page.goto("/");
      await page.getByLabel("Address of the video").fill(talk.url);
      await page.getByRole("button", { name: "Make clips" }).click();
      await page.waitForURL(/\/generate-clips/);
      expect(await page.getByLabel("Video address").inputValue()).toBe(talk.url);

      await openOptions(page);
      await page.getByText("30 s", { exact: true }).click();
      await page.getByLabel("Spoken language").selectOption("English");
      await page.getByRole("button", { name: "Make 2 clips" }).click();
      await page.waitForURL(/\/jobs\/kk_/);
      jobUrl = page.url();

      const seen = await watchStages(page, { reloadIn: "TRANSCRIPT" });
      expect(seen.stages).toEqual(expect.arrayContaining(["TRANSCRIPT", "RENDER"]));
      expect(seen.progress).toEqual(seen.progress.toSorted((a, b) => a - b));
      expect(Math.max(...seen.progress)).toBeLessThan(100);
      expect(await page.title()).toContain("Your clips are ready");
      expect(errors).toEqual([]);
      await page.close();
    },
    CLIPS_MS,
  );

  test("each clip plays upright, one at a time, and is saved under its own name", async () => {
    const page = await mine.newPage();
    await page.goto(jobUrl);
    const players = page.locator("video");
    await players.first().waitFor();
    const clips = await players.count();
    expect(clips).toBeGreaterThan(0);
    await players.first().evaluate((video: HTMLVideoElement) => video.play());
    await expect
      .poll(() => players.first().evaluate((video: HTMLVideoElement) => video.currentTime), {
        timeout: 15_000,
      })
      .toBeGreaterThan(0.5);
    const shape = await players
      .first()
      .evaluate(({ videoWidth, videoHeight, loop, playsInline }: HTMLVideoElement) => [
        videoWidth / videoHeight,
        loop,
        playsInline,
      ]);
    expect(shape).toEqual([9 / 16, true, true]);
    if (clips > 1) {
      await players.nth(1).evaluate((video: HTMLVideoElement) => video.play());
      await expect.poll(() => players.first().evaluate((video: HTMLVideoElement) => video.paused)).toBe(true);
    }

    const video = await save(page, "Download MP4 of clip 1");
    expect(video.name).toBe("clip_01.mp4");
    expect(video.bytes.subarray(4, 8).toString()).toBe("ftyp");
    expect(video.bytes.length).toBeGreaterThan(100_000);
    const cover = await save(page, "Download Cover of clip 1");
    expect(cover.bytes.subarray(0, 2).toString("hex")).toBe("ffd8");
    await page.close();
  });

  test(
    "a clip is put right with the keyboard alone; the new version plays, and undo brings the first one back",
    async () => {
      const page = await mine.newPage();
      await page.goto(jobUrl);
      await tabTo(page, page.getByRole("link", { name: "Edit clip 1" }));
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/edit\/1$/);
      const seconds = () => page.locator("video").evaluate((video: HTMLVideoElement) => video.duration);
      await expect.poll(seconds, ENOUGH).toBeGreaterThan(10);
      const before = await seconds();
      const title = await page.locator("h1").textContent();

      await tabTo(page, page.getByLabel("Title of the clip"));
      await page.keyboard.press("Control+A");
      await page.keyboard.type("A title of my own");
      await tabTo(page, page.getByRole("slider", { name: "Start of the clip" }));
      await page.keyboard.press("Shift+ArrowRight");
      await tabTo(page, page.locator('[role=option][tabindex="0"]'));
      await page.keyboard.press("Home"); // the first word of the clip
      await page.keyboard.press("Enter");
      await expect.poll(() => page.getByLabel(/^Caption at/).evaluate(isFocused), ENOUGH).toBe(true);
      await page.keyboard.type("Hello");
      await page.getByText("Changed: title, start and end, words.").waitFor();

      await page.reload(); // nothing of it is lost
      await page.getByText("Your changes from before are still here").waitFor();
      await page.getByRole("link", { name: "All clips of this job" }).click();
      await page.getByRole("button", { name: "Stay here" }).click();
      await tabTo(page, page.getByRole("button", { name: "Make this version" }));
      await page.keyboard.press("Enter");
      await page.getByText("The version before plays on meanwhile").waitFor();
      expect(await seconds()).toBe(before);

      await page.getByText("Nothing is changed yet").waitFor({ timeout: CLIPS_MS });
      await expect.poll(seconds, ENOUGH).toBeLessThan(before - 0.5);
      expect(await page.locator("h1").textContent()).toContain("A title of my own");
      await page.getByRole("option", { name: "Hello", exact: true }).waitFor();
      await page.locator("video").evaluate((video: HTMLVideoElement) => video.play());
      const at = () => page.locator("video").evaluate((video: HTMLVideoElement) => video.currentTime);
      await expect.poll(at, ENOUGH).toBeGreaterThan(0.5);

      await tabTo(page, page.getByRole("button", { name: /^Undo/ }));
      await page.keyboard.press("Enter");
      await expect.poll(seconds, ENOUGH).toBe(before);
      await expect.poll(() => page.locator("h1").textContent(), ENOUGH).toBe(title);
      await page.close();
    },
    CLIPS_MS,
  );

  test("who was slower than another tab is told so, and loses nothing", async () => {
    const [page, other] = [await mine.newPage(), await mine.newPage()];
    for (const tab of [page, other]) await tab.goto(`${jobUrl}/edit/1`);
    await page.getByLabel("Title of the clip").fill("The slower one");
    await other.getByRole("button", { name: /^Redo/ }).click();
    await other.getByRole("heading", { name: "A title of my own" }).waitFor();
    await page.getByRole("button", { name: "Make this version" }).click();
    await page.getByText("This clip was changed elsewhere").waitFor();
    expect(await page.getByLabel("Title of the clip").inputValue()).toBe("The slower one");
    await page.getByRole("button", { name: "Put my changes on version 2" }).click();
    expect(await page.getByRole("button", { name: "Make this version" }).isEnabled()).toBe(true);
    await page.getByRole("button", { name: "Throw away" }).click();
    expect(await page.getByLabel("Title of the clip").inputValue()).toBe("A title of my own");
    for (const tab of [page, other]) await tab.close();
  });

  test("what it took and what was measured is told in words, and both are good to look at, as is the editor", async () => {
    await using context = await browser.newContext({ bypassCSP: true, reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.goto(house.url);
    const token = [tokenKey(jobUrl), await tokenOf(mine, jobUrl)];
    await page.evaluate(([key = "", value = ""]) => localStorage.setItem(key, value), token);
    await page.goto(jobUrl);
    await page.getByText("How these clips were made").click();
    const stages = page.getByRole("list", { name: "What each stage took" });
    await stages.waitFor();
    expect(await stages.textContent()).toMatch(/Download.*Transcript.*Render.*rendered/);
    for (const summary of await page.getByText("What was measured").all()) await summary.click();
    await page
      .getByText(/^Loudness −1\d/)
      .first()
      .waitFor();
    await look(page, pictures, "receipt", WIDTHS);
    await page.goto(`${jobUrl}/edit/1`);
    await page.getByRole("option").first().waitFor();
    await page
      .getByRole("button", { name: /^Shot 1/ })
      .or(page.getByText("Layout", { exact: true }))
      .first()
      .waitFor();
    await page.getByText("Follow", { exact: true }).click();
    await page.getByRole("slider", { name: "Window" }).focus();
    await page.keyboard.press("Shift+ArrowLeft");
    await page.getByText("Changed: picture.").waitFor();
    await look(page, pictures, "editor", WIDTHS);
  });

  test("another browser may watch, and opens the clips with the job's token alone", async () => {
    const token = await tokenOf(mine, jobUrl);
    await using other = await browser.newContext();
    const page = await other.newPage();
    await page.goto(jobUrl);
    await page.getByLabel("Job token").fill("not-the-token");
    await page.getByRole("button", { name: "Open the job" }).click();
    await page.getByText("This token does not open this job").waitFor();
    expect(await page.locator("video").count()).toBe(0);
    await page.getByLabel("Job token").fill(token);
    await page.getByRole("button", { name: "Open the job" }).click();
    await page.locator("video").first().waitFor();
  });

  test("a file of one's own is sent and worked on, until its owner cancels", async () => {
    const page = await mine.newPage();
    await page.goto("/generate-clips");
    await page.locator("input[type=file]").setInputFiles(KEPT);
    await openOptions(page);
    await page.getByLabel("Spoken language").selectOption("Find out"); // in English this video was heard before, and its words are kept
    await page.getByRole("button", { name: "Make 2 clips" }).click();
    await page.waitForURL(/\/jobs\/kk_/);
    await page.locator('[data-stage="TRANSCRIPT"][data-state="now"]').waitFor({ timeout: 90_000 });
    await page.getByRole("button", { name: "Cancel job" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Cancel job" }).click();
    await page.getByText("This job was cancelled").waitFor({ timeout: 60_000 });
    expect(await page.getByRole("button", { name: "Start it again" }).isEnabled()).toBe(true);
    await page.close();
  });

  test("an address that is not public is refused at its field, and the form is kept", async () => {
    const page = await mine.newPage();
    await page.goto("/generate-clips");
    await page.getByLabel("Video address").fill("http://10.1.2.3/talk.mp4");
    await openOptions(page);
    await page.getByText("4", { exact: true }).click();
    await page.getByRole("button", { name: "Make 4 clips" }).click();
    await page.getByText("10.1.2.3 is not a public address").waitFor();
    expect(await page.getByLabel("Video address").getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByLabel("Video address").inputValue()).toBe("http://10.1.2.3/talk.mp4");
    expect(await page.getByRole("radio", { name: "4", exact: true }).isChecked()).toBe(true);
    expect(page.url()).toContain("/generate-clips");
    await page.close();
  });

  test("a job that fails says what happened, where, its code and what to do", async () => {
    const page = await mine.newPage();
    const missing = new URL("/missing.mp4", talk.url).href;
    await page.goto(`/generate-clips?url=${encodeURIComponent(missing)}`);
    await page.getByRole("button", { name: /^Make \d clips$/ }).click();
    await page.waitForURL(/\/jobs\/kk_/);
    const card = page.getByRole("alert").filter({ hasText: "Code" });
    await card.waitFor({ timeout: 60_000 });
    const text = await card.textContent();
    expect(text).toContain("SOURCE_NOT_FOUND");
    expect(text).toContain("Check the address");
    expect(text).toContain("in the stage Download");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("link", { name: "Change and make a new job" }).click();
    expect(await page.getByLabel("Video address").inputValue()).toBe(missing);
    await page.close();
  });

  test.each(["light", "dark"] as const)(
    "in the %s, every page fits a phone and axe finds nothing wrong",
    async (colorScheme) => {
      const token = await tokenOf(mine, jobUrl);
      await using phone = await browser.newContext({
        viewport: PHONE,
        colorScheme,
        reducedMotion: "reduce",
        bypassCSP: true,
      });
      const page = await phone.newPage();
      await page.goto(house.url);
      await page.evaluate(
        ([key = "", value = ""]) => localStorage.setItem(key, value),
        [tokenKey(jobUrl), token],
      );
      const paths = [...PAGES, new URL(jobUrl).pathname];
      for (const path of paths) {
        await page.setViewportSize(PHONE);
        await page.goto(new URL(path, house.url).href, { waitUntil: "networkidle" });
        const name = path === "/" ? "start" : path.startsWith("/jobs/") ? "clips" : path.slice(1);
        await page.screenshot({ path: join(pictures, `${name}-${colorScheme}.png`), fullPage: true });
        expect(await accessibilityFaults(page), path).toEqual([]);
        expect(await smallTargets(page), path).toEqual([]);
        expect(await overflow(page), path).toBe(0);
        await page.setViewportSize({ width: 320, height: 640 });
        expect(await overflow(page), `${path} at 320`).toBe(0);
      }
    },
  );
});

const isFocused = (element: Element) => element === document.activeElement;
