import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KEPT } from "../../../tooling/sample/make.ts";
import { findChromium, openOptions } from "./browser.ts";
import { CLIPS_MS, ENOUGH, FULL_CLIPS, type House, startHouse } from "./testing-house.ts";
import { consoleErrors, save, tabTo, tokenOf, watchStages } from "./testing-job.ts";
import { look, pictures } from "./testing-pictures.ts";

const chromium = findChromium(process.env.CHROMIUM);

describe.skipIf(!chromium)("the main job in a browser (needs chromium)", () => {
  let house: House;
  /** The browser that makes the job, and the job it made: later tests look at it again. */
  let mine: BrowserContext;
  let jobUrl = "";
  /** Looks at that job as well; what was ready early is gone by the time it asks. */
  let late: Page;

  beforeAll(async () => {
    // what other files have kept of the same talk would make it too quick to see
    house = await startHouse(chromium ?? "", { ...FULL_CLIPS, WORKER_CACHE_DIR: "" });
    mine = await house.openContext();
  }, CLIPS_MS);
  afterAll(() => house?.stop());

  const playing = (page: Page) =>
    page
      .locator("video")
      .first()
      .evaluate((video: HTMLVideoElement) => video.currentTime);

  test(
    "an address becomes clips: looked at first, made in stages that a reload does not lose, the first clip to be watched before the last one is done",
    async () => {
      const page = await mine.newPage();
      const errors = consoleErrors(page);
      await page.goto("/");
      await page.getByLabel("Address of the video").fill(house.videos.at("talk"));
      await page.getByRole("button", { name: "Make clips" }).click();
      await page.waitForURL(/\/generate-clips/);
      expect(await page.getByLabel("Video address").inputValue()).toBe(house.videos.at("talk"));
      await page.getByText(/3 min 51 s long/).waitFor(); // before anything is made
      await page.getByText("Time", { exact: true }).waitFor();

      await openOptions(page);
      await page.getByText("30 s", { exact: true }).click();
      await page.getByLabel("Spoken language").selectOption("English");
      await pictures(page, "builder-filled");
      await page.getByRole("button", { name: "Make 2 clips" }).click();
      await page.waitForURL(/\/jobs\/kk_/);
      jobUrl = page.url();
      late = await mine.newPage();
      await late.route(/\/attempts\//, (route) => route.fulfill({ status: 404 }));
      await late.goto(jobUrl);

      const seen = await watchStages(page, { reloadIn: "TRANSCRIPT" });
      expect(seen.stages).toEqual(expect.arrayContaining(["TRANSCRIPT", "RENDER"]));
      expect(seen.progress).toEqual(seen.progress.toSorted((a, b) => a - b));
      expect(Math.max(...seen.progress)).toBeLessThan(100);
      expect(seen.playedAt).toBeGreaterThan(0);
      expect(seen.playedAt).toBeLessThan(95);
      expect(await page.title()).toContain("Your clips are ready");
      expect(errors).toEqual([]);
      await page.close();
    },
    CLIPS_MS,
  );

  test("links of clips that were ready early may lead nowhere: with its end a job shows them all, with their covers", async () => {
    const posters = () =>
      late.locator("video").evaluateAll((videos) =>
        Promise.all(
          videos.map(async (video) => {
            if (!(video instanceof HTMLVideoElement)) return 0;
            const image = new Image();
            image.src = video.poster;
            await image.decode().catch(() => {});
            return video.duration > 5 ? image.naturalWidth : 0;
          }),
        ),
      );
    await expect.poll(posters, ENOUGH).toEqual([1080, 1080]);
    await late.close();
  });

  test("each clip plays upright, one at a time, and is saved under its own name", async () => {
    const page = await mine.newPage();
    await page.goto(jobUrl);
    const players = page.locator("video");
    await players.first().waitFor();
    expect(await players.count()).toBe(2);
    await page.getByRole("group", { name: "Player of clip 1" }).getByRole("button", { name: "Play" }).click();
    await expect.poll(() => playing(page), ENOUGH).toBeGreaterThan(0.5);
    const shape = await players
      .first()
      .evaluate(({ videoWidth, videoHeight, playsInline }: HTMLVideoElement) => [
        videoWidth / videoHeight,
        playsInline,
      ]);
    expect(shape).toEqual([9 / 16, true]);
    await page.getByRole("group", { name: "Player of clip 2" }).getByRole("button", { name: "Play" }).click();
    await expect.poll(() => players.first().evaluate((video: HTMLVideoElement) => video.paused)).toBe(true);

    await page.locator("#title-2 bdi").evaluate((title) => {
      title.textContent = "A title of many words ".repeat(5);
    });
    const buttons = page.getByRole("button", { name: /^Download MP4 of clip/ });
    const [first, second] = await buttons.evaluateAll((all) =>
      all.map((one) => one.getBoundingClientRect().top),
    );
    expect(first).toBe(second); // side by side, however long their words are
    for (const card of await page.getByRole("article").allInnerTexts()) {
      const [, played] = /\/ (\d:\d\d)/.exec(card) ?? [];
      expect(card).toContain(`${played} long`);
    }

    const video = await save(page, "Download MP4 of clip 1");
    expect(video.name).toBe("clip_01.mp4");
    expect(video.bytes.subarray(4, 8).toString()).toBe("ftyp");
    expect(video.bytes.length).toBeGreaterThan(100_000);
    const cover = await save(page, "Download Cover of clip 1");
    expect(cover.bytes.subarray(0, 2).toString("hex")).toBe("ffd8");
    expect((await save(page, "Download VTT of clip 1")).bytes.toString()).toMatch(/^WEBVTT/);
    const all = await save(page, /^Download all clips/);
    expect(all.name).toMatch(/\.zip$/);
    expect(all.bytes.subarray(0, 4).toString("latin1")).toBe("PK\x03\x04");
    expect(all.bytes.length).toBeGreaterThan(video.bytes.length);
    await page.close();
  });

  test("a word of the transcript plays its clip there", async () => {
    const page = await mine.newPage();
    await page.goto(jobUrl);
    const sentence = page.locator("[data-sentence]").filter({ hasText: "Clip 2" }).first(); // where it begins
    await sentence.locator("[data-from]").last().click();
    const second = page.locator("video").nth(1);
    await expect
      .poll(() => second.evaluate((video: HTMLVideoElement) => video.currentTime), ENOUGH)
      .toBeGreaterThan(0.2);
    await page.getByRole("textbox", { name: "Search the transcript" }).fill("the");
    await page.getByText(/^\d+ of \d+ places$/).waitFor();
    await page.close();
  });

  test(
    "a clip is put right with the keyboard alone; the new version plays, and the first one can be shown again",
    async () => {
      const page = await mine.newPage();
      await page.goto(jobUrl);
      await tabTo(page, page.getByRole("link", { name: "Edit clip 1" }));
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/edit\/1$/);
      const seconds = () =>
        page
          .locator("video")
          .first()
          .evaluate((video: HTMLVideoElement) => video.duration);
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
      await tabTo(page, page.getByRole("button", { name: "Undo the last change" }));
      await page.keyboard.press("Enter");
      await page.getByText("Changed: title, start and end.").waitFor();
      await tabTo(page, page.getByRole("button", { name: "Redo the change" }));
      await page.keyboard.press("Enter");
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
      await page
        .locator("video")
        .first()
        .evaluate((video: HTMLVideoElement) => video.play());
      await expect.poll(() => playing(page), ENOUGH).toBeGreaterThan(0.5);

      await tabTo(page, page.getByRole("button", { name: "Version before" }));
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
    await other.getByRole("button", { name: "Version after" }).click();
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

  test("what it took and what was measured is told in words, and both are good to look at, as is the editor at work", async () => {
    const token = await tokenOf(mine, jobUrl);
    await using context = await house.openContext({
      jobs: [{ ...idOf(jobUrl), token }],
      bypassCSP: true,
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
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
    await look(page, "job-made");
    await page.goto(`${jobUrl}/edit/1`);
    await page.getByRole("option").first().waitFor();
    await page.getByText("Follow", { exact: true }).click();
    await page.getByRole("slider", { name: "Window" }).focus();
    await page.keyboard.press("Shift+ArrowLeft");
    await page.getByText("Changed: picture.").waitFor();
    await look(page, "editor-changed");
  });

  test("another browser may watch, and opens the clips with the job's token alone", async () => {
    const token = await tokenOf(mine, jobUrl);
    const page = await house.openTab();
    await page.goto(jobUrl);
    await page.getByLabel("Job token").fill("not-the-token");
    await page.getByRole("button", { name: "Open the job" }).click();
    await page.getByText("This token does not open this job").first().waitFor();
    expect(await page.locator("video").count()).toBe(0);
    await page.getByLabel("Job token").fill(token);
    await page.getByRole("button", { name: "Open the job" }).click();
    await page.locator("video").first().waitFor();
    await page.context().close();
  });

  test("the link that a terminal prints opens the job, asks for nothing about its clips twice, and is not left in the address", async () => {
    const token = await tokenOf(mine, jobUrl);
    const page = await house.openTab();
    const asked: string[] = [];
    page.on("request", (request) => {
      const { pathname, searchParams } = new URL(request.url());
      const [, calls] = /^\/trpc\/(.+)$/.exec(pathname) ?? [];
      const inputs = JSON.parse(searchParams.get("input") ?? "{}");
      for (const [at, call] of calls?.split(",").entries() ?? [])
        asked.push(`${call} ${JSON.stringify(searchParams.has("batch") ? inputs[at] : inputs)}`);
    });
    await page.goto(`${jobUrl}#token=${token}`);
    await page.locator("video[poster]").nth(1).waitFor();
    await page.waitForLoadState("networkidle");
    expect(asked.filter((one) => one.startsWith("clips.view "))).toHaveLength(2);
    const ofClips = asked.filter((one) => !one.startsWith("jobs.view "));
    expect(ofClips).toEqual([...new Set(ofClips)]);
    expect(page.url()).toBe(jobUrl);
    await page.context().close();
  });

  test("a link to a clip plays it for whoever has the link, shows nothing else, and is gone once it is taken back", async () => {
    const page = await mine.newPage();
    await page.goto(jobUrl);
    await page.getByRole("button", { name: "Share" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("checkbox").nth(1).uncheck();
    await dialog.getByText("1 day", { exact: true }).click();
    await dialog.getByRole("button", { name: "Make a link" }).click();
    const link = await dialog.getByRole("textbox", { name: "Link" }).first().inputValue();
    expect(link).toMatch(new RegExp(`^${house.url}/s/kks_`));

    await pictures(page, "share-dialog");
    const guest = await house.openTab(); // has no token
    await guest.goto(link);
    await guest.getByRole("heading", { name: "A clip for you" }).waitFor();
    expect(await guest.locator("video").count()).toBe(1);
    await guest.locator("video").evaluate((video: HTMLVideoElement) => video.play());
    await expect.poll(() => playing(guest), ENOUGH).toBeGreaterThan(0.5);
    expect((await save(guest, /^Save/)).bytes.subarray(4, 8).toString()).toBe("ftyp");
    expect(await guest.locator("main").textContent()).not.toContain(idOf(jobUrl).id);
    expect(await guest.locator("meta[name=robots]").getAttribute("content")).toContain("noindex");
    await guest.goto(jobUrl);
    await guest.getByLabel("Job token").waitFor(); // the link opens nothing but what was shared

    await dialog
      .getByRole("button", { name: /^Take it back/ })
      .first()
      .click();
    await dialog.getByText("There are no links yet.").waitFor();
    await guest.goto(link);
    await guest.getByText("This link does not lead to clips, or not any more").waitFor();
    expect(await guest.locator("video").count()).toBe(0);
    await guest.context().close();
    await page.close();
  });

  test("a file of one's own is sent and worked on, until its owner cancels", async () => {
    const page = await mine.newPage();
    await page.goto("/generate-clips");
    await page.locator("input[type=file]").setInputFiles(KEPT);
    await openOptions(page);
    await page.getByLabel("Spoken language").selectOption("Find out"); // in English this video was heard before, and its words are kept
    await page.getByRole("button", { name: "Make 2 clips" }).click();
    await page.waitForURL(/\/jobs\/kk_/);
    await page.locator('[data-stage="TRANSCRIPT"][data-state="now"]').waitFor({ timeout: CLIPS_MS });
    await page.getByRole("button", { name: "Cancel job" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Cancel job" }).click();
    await page.getByText("This job was cancelled").waitFor();
    await pictures(page, "job-cancelled");
    expect(await page.getByRole("button", { name: "Start it again" }).isEnabled()).toBe(true);
    await page.goto("/jobs");
    const rows = page.getByRole("list", { name: "Jobs, the newest first" }).getByRole("listitem");
    await expect.poll(() => rows.count(), ENOUGH).toBe(2);
    await page.close();
  });
});

const isFocused = (element: Element) => element === document.activeElement;

function idOf(jobUrl: string) {
  const { pathname: path } = new URL(jobUrl);
  return { id: path.split("/").at(-1) ?? "", path };
}
