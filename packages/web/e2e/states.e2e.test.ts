import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findChromium } from "./browser.ts";
import { CLIPS_MS, ENOUGH, type House, startHouse } from "./testing-house.ts";
import { pictures } from "./testing-pictures.ts";
import { MAX_SOURCE_SECONDS, makeLargeTalk, type VideoName } from "./testing-videos.ts";

const chromium = findChromium(process.env.CHROMIUM);
/** Three parts of an upload. */
const LARGE_BYTES = 18 * 1024 * 1024;
/** What each video fails with: code, and a word of what to do. */
const FAILURES = [
  ["missing", "SOURCE_NOT_FOUND", "Check the address"],
  ["huge", "SOURCE_TOO_LARGE", "Choose a smaller file"],
  ["long", "SOURCE_TOO_LONG", "Choose a shorter video"],
  ["silent", "SOURCE_TOO_SHORT", "Choose a shorter clip length"],
  ["text", "SOURCE_UNREADABLE", "as MP4"],
] as const satisfies [VideoName, string, string][];

vi.setConfig({ testTimeout: CLIPS_MS });

describe.skipIf(!chromium)("what goes wrong, and what the page says of it (needs chromium, ffmpeg)", () => {
  let house: House;
  let folder: string;
  beforeAll(async () => {
    house = await startHouse(chromium ?? "", { MAX_SOURCE_SECONDS: String(MAX_SOURCE_SECONDS) });
    folder = await mkdtemp(join(tmpdir(), "kk-states-"));
  }, CLIPS_MS);
  afterAll(async () => {
    await house?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  test.each([
    ["http://10.1.2.3/talk.mp4", "10.1.2.3 is not a public address"],
    ["http://169.254.169.254/latest/meta-data", "169.254.169.254 is not a public address"],
    ["file:///etc/passwd", "The address must be a valid URL"],
    ["https://me:secret@example.com/talk.mp4", "The address must not hold a user name or password"],
  ])("the address %s is refused at its field, and the form is kept", async (address, reason) => {
    const tab = await house.openTab();
    await tab.goto("/generate-clips");
    await tab.getByLabel("Video address").fill(address);
    await tab.getByRole("button", { name: /^Make \d clips?$/ }).click();
    await tab.getByText(reason).first().waitFor();
    if (address.includes("10.1.2.3")) await pictures(tab, "builder-refused");
    expect(await tab.getByLabel("Video address").getAttribute("aria-invalid")).toBe("true");
    expect(await tab.getByLabel("Video address").inputValue()).toBe(address);
    expect(tab.url()).toContain("/generate-clips");
    await tab.context().close();
  });

  test.each(FAILURES)(
    "a video that is %s: the job says %s, where it ended, and what to do; its code leads to a page about it",
    async (video, code, action) => {
      const job = await house.makeJob(video, { clip_duration_seconds: 60 });
      const tab = await house.openTab({ jobs: [job] });
      await tab.goto(job.path);
      const card = tab.getByRole("alert").filter({ has: tab.getByRole("link", { name: code }) });
      await card.waitFor({ timeout: 240_000 });
      expect(await card.textContent()).toContain(action);
      expect(await card.textContent()).toContain("It ended in the stage Download, attempt 1");
      await card.getByRole("button", { name: "Copy diagnostics" }).waitFor();
      await card.getByRole("link", { name: code }).click();
      await tab.waitForURL(`**/errors/${code}`);
      expect(await tab.locator("main").textContent()).toContain(action);
      await tab.goBack();
      await card.getByRole("link", { name: "Change and make a new job" }).click();
      await expect
        .poll(() => tab.getByLabel("Video address").inputValue(), ENOUGH)
        .toBe(house.videos.at(video));
      await tab.context().close();
    },
  );

  test("a video in which nobody speaks gives a clip, and says why it has no captions", async () => {
    const job = await house.makeJob("silent");
    const tab = await house.openTab({ jobs: [job] });
    await tab.goto(job.path);
    await expect.poll(() => tab.title(), { timeout: 600_000 }).toContain("Your clips are ready");
    await tab
      .getByText(/so its clips have no captions|No speech/)
      .first()
      .waitFor({ state: "attached" });
    await pictures(tab, "job-silent");
    await tab.context().close();
  });

  test("a job that failed for a reason that has passed is started again by a button, and works", async () => {
    const job = await house.makeJob("late");
    const tab = await house.openTab({ jobs: [job] });
    await tab.goto(job.path);
    await tab.getByRole("link", { name: "SOURCE_NOT_FOUND" }).waitFor({ timeout: 240_000 });
    house.videos.bringLate();
    await tab.getByRole("button", { name: "Start it again" }).click();
    await tab.getByText("Fetching the video").or(tab.getByRole("progressbar")).first().waitFor();
    await house.until(job, ({ state, progress }) => state === "RUNNING" && progress > 0);
    expect(await tab.getByRole("link", { name: "SOURCE_NOT_FOUND" }).count()).toBe(0);
    await cancel(tab);
    expect(await tab.getByRole("button", { name: "Start it again" }).isEnabled()).toBe(true);
    await tab.context().close();
  });

  test("a job that nobody knows, a code that is none, a link that leads nowhere: each says so, and offers a way on", async () => {
    const tab = await house.openTab();
    await tab.goto("/jobs/kk_01JD0000000000000000000000");
    await tab.getByRole("heading", { name: "This job cannot be shown" }).waitFor();
    await tab.getByRole("link", { name: "NOT_FOUND" }).waitFor();
    await tab.goto("/errors/NO_SUCH_CODE");
    await tab.getByRole("heading", { level: 1 }).waitFor();
    expect((await tab.request.get("/errors/NO_SUCH_CODE")).status()).toBe(404);
    expect(await tab.getByRole("link", { name: /error codes|Make clips/i }).count()).toBeGreaterThan(0);
    await tab.goto(`/s/kks_${"A".repeat(64)}`);
    await tab.getByText("This link does not lead to clips, or not any more").first().waitFor();
    await tab.getByRole("link", { name: "Make clips of your own" }).waitFor();
    await tab.context().close();
  });

  test("a job that was made elsewhere: a wrong token does not open it, and the right one is given once", async () => {
    const job = await house.makeJob("slow");
    const tab = await house.openTab();
    await tab.goto(job.path);
    await tab.getByLabel("Job token").fill("not-the-token");
    await tab.getByRole("button", { name: "Open the job" }).click();
    await tab.getByText("This token does not open this job").first().waitFor();
    await tab.getByLabel("Job token").fill(job.token);
    await tab.getByRole("button", { name: "Open the job" }).click();
    await tab.getByRole("button", { name: "Cancel job" }).waitFor();
    await tab.reload();
    await cancel(tab);
    await tab.context().close();
  });

  test("a file whose sending was cut off goes on where it was, also after the page was closed", async () => {
    const file = await makeLargeTalk(folder, LARGE_BYTES);
    await using context = await house.openContext();
    const sent: number[] = [];
    let isCut = true;
    await context.route(
      (url) => url.origin === new URL(house.url).origin && url.pathname.includes(".parts/"),
      async (route) => {
        if (route.request().method() !== "PUT") return route.continue();
        const part = partOf(route.request().url());
        if (isCut && part > 1) return route.abort("connectionreset");
        sent.push(part);
        await route.continue();
      },
    );
    const tab = await context.newPage();
    await tab.goto("/generate-clips");
    await tab.locator("input[type=file]").setInputFiles(file);
    await tab.getByRole("button", { name: /^Make \d clips?$/ }).click();
    await tab.getByText("The connection broke").waitFor();
    await tab.getByText("Nothing is lost: it is tried again by itself.").waitFor();
    expect(sent).toEqual([1]);
    await pictures(tab, "upload-broken");
    await tab.close({ runBeforeUnload: false });

    isCut = false;
    const again = await context.newPage();
    await again.goto("/generate-clips");
    await again.getByText("A file that was not sent whole").waitFor();
    await again.locator("input[type=file]").setInputFiles(file);
    await again.getByText("Part of it was sent before. It goes on from there.").waitFor();
    await pictures(again, "upload-resumed");
    await again.getByRole("button", { name: /^Make \d clips?$/ }).click();
    await again.waitForURL(/\/jobs\/kk_/);
    expect(sent.toSorted()).toEqual([1, 2, 3]); // none of them twice
    await cancel(again);
  });
});

async function cancel(tab: Page) {
  await tab.getByRole("button", { name: "Cancel job" }).click();
  await tab.getByRole("alertdialog").getByRole("button", { name: "Cancel job" }).click();
  await tab.getByText("This job was cancelled").waitFor();
}

/** The number of the part that a PUT sends, by its address. */
const partOf = (address: string) => Number(/\.parts\/[^/]+\/0*(\d+)/.exec(decodeURIComponent(address))?.[1]);
