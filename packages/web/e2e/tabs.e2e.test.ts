import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findChromium } from "./browser.ts";
import { CLIPS_MS, ENOUGH, type House, startHouse } from "./testing-house.ts";
import { pictures } from "./testing-pictures.ts";

const chromium = findChromium(process.env.CHROMIUM);
/** One more than the connections that a browser has to one HTTP/1.1 address. */
const MANY = 7;
const AGREE_MS = 2000;

vi.setConfig({ testTimeout: CLIPS_MS });

describe.skipIf(!chromium)("tabs and connections (needs chromium)", () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse(chromium ?? "");
  }, CLIPS_MS);
  afterAll(() => house?.stop());

  test("seven tabs in front at once, each with a job of its own, all go on", async () => {
    // each of a video of its own: jobs of one and the same wait for the one that fetches it
    const urls = Array.from({ length: MANY }, (_, tab) => `${house.videos.at("slow")}?tab=${tab}`);
    const jobs = await Promise.all(urls.map((video_url) => house.makeJob("slow", { video_url })));
    await using context = await house.openContext({ jobs });
    const tabs = await Promise.all(jobs.map(() => context.newPage()));
    await Promise.all(tabs.map((tab, index) => tab.goto(jobs[index]?.path ?? "")));
    const first = await Promise.all(tabs.map(progressOf));
    for (const [index, tab] of tabs.entries())
      await expect
        .poll(() => progressOf(tab), { timeout: 240_000, message: `tab ${index + 1}` })
        .toBeGreaterThan(first[index] ?? 100);
    for (const [index, job] of jobs.entries()) {
      await house.api(job.token).jobs.cancel.mutate({ job_id: job.id });
      await tabs[index]?.getByText("This job was cancelled").waitFor();
    }
  });

  test("two tabs of one job agree: what is done in one is seen in the other", async () => {
    const job = await house.makeJob("slow");
    await using context = await house.openContext({ jobs: [job] });
    const [one, other] = [await context.newPage(), await context.newPage()];
    for (const tab of [one, other]) await tab.goto(job.path);
    await expect.poll(() => progressOf(other), { timeout: 240_000 }).toBeGreaterThan(0);
    await expect.poll(async () => (await progressOf(one)) - (await progressOf(other)), ENOUGH).toBe(0);
    await one.getByRole("button", { name: "Cancel job" }).click();
    await one.getByRole("alertdialog").getByRole("button", { name: "Cancel job" }).click();
    for (const tab of [one, other]) await tab.getByText("This job was cancelled").waitFor();
    await other.getByRole("button", { name: "Start it again" }).click();
    for (const tab of [one, other]) await tab.getByRole("button", { name: "Cancel job" }).waitFor();
    await house.api(job.token).jobs.cancel.mutate({ job_id: job.id });
  });

  test("a tab that was offline says so, and knows everything again as soon as it is back", async () => {
    const job = await house.makeJob("slow");
    await using context = await house.openContext({ jobs: [job] });
    await context.route(/jobs\.events/, (route) => route.abort()); // a stream that is open stays open in a browser that plays offline
    const tab = await context.newPage();
    await tab.goto(job.path);
    await tab.getByRole("progressbar").waitFor();
    await context.setOffline(true);
    await tab.getByText("This device is offline.").waitFor();
    await pictures(tab, "job-offline");
    await house.api(job.token).jobs.cancel.mutate({ job_id: job.id });
    await house.until(job, ({ state }) => state === "CANCELLED");
    expect(await tab.getByText("This job was cancelled").count()).toBe(0);
    await context.setOffline(false);
    const back = Date.now();
    await tab.getByText("This job was cancelled").waitFor();
    const took = Date.now() - back;
    console.log(`the page was right again ${took} ms after it was online (goal: ${AGREE_MS} ms)`);
    await tab.getByText("This device is offline.").waitFor({ state: "hidden" });
  });

  test("while KangKlip is away the page says so, and goes on by itself when it is back", async () => {
    const job = await house.makeJob("slow");
    await using context = await house.openContext({ jobs: [job] });
    const tab = await context.newPage();
    await tab.goto(job.path);
    await tab.getByRole("progressbar").waitFor();
    await house.embedded.down();
    await tab.getByText("KangKlip does not answer.").waitFor();
    await tab.getByText("No connection", { exact: true }).waitFor();
    await pictures(tab, "job-away");
    await house.embedded.up();
    await tab.getByText("KangKlip does not answer.").waitFor({ state: "hidden" });
    await tab.getByText("No connection", { exact: true }).waitFor({ state: "hidden" });
    const { progress } = await house.api(job.token).jobs.view.query({ job_id: job.id });
    await expect.poll(() => progressOf(tab), ENOUGH).toBeGreaterThanOrEqual(progress);
    await tab.getByRole("button", { name: "Cancel job" }).click();
    await tab.getByRole("alertdialog").getByRole("button", { name: "Cancel job" }).click();
    await tab.getByText("This job was cancelled").waitFor();
  });
});

/** Percent of the job, as the page tells whoever listens to it. */
async function progressOf(tab: Page): Promise<number> {
  return Number(await tab.getByRole("progressbar").getAttribute("aria-valuenow"));
}
