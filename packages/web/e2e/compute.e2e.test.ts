import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { startTestMarket } from "../../../tooling/testing-compute.ts";
import { ensureWebBuild } from "../../../tooling/web-build.ts";
import { findChromium, openBrowser } from "./browser.ts";
import { startPage } from "./testing-page.ts";
import { look } from "./testing-pictures.ts";

const chromium = findChromium(process.env.CHROMIUM);
const ENOUGH = { timeout: 120_000 };
const address = (behaviour: string) => `https://example.com/${behaviour}.mp4`;

describe.skipIf(!chromium)("where a job runs, in a browser (needs chromium)", () => {
  let market: Awaited<ReturnType<typeof startTestMarket>>;
  let api: Awaited<ReturnType<typeof startTestApi>>;
  let page: Awaited<ReturnType<typeof startPage>>;
  let browser: Browser;

  beforeAll(async () => {
    await ensureWebBuild({ log: console.error, signal: new AbortController().signal });
    market = await startTestMarket();
    api = await startTestApi({ env: { ...market.env, COMPUTE: "nosana,process" } });
    page = await startPage(api.url);
    browser = await openBrowser(chromium ?? "");
  });
  afterAll(async () => {
    await browser?.close();
    await page?.stop();
    await api?.[Symbol.asyncDispose]();
    await market?.close();
  });

  async function openTab() {
    const context = await browser.newContext({ baseURL: page.url, bypassCSP: true });
    context.setDefaultTimeout(ENOUGH.timeout);
    return context.newPage();
  }

  test("a person picks one of two providers by keyboard, finds the choice again, and sees the job run there", async () => {
    const tab = await openTab();
    await tab.goto("/generate-clips");
    const places = tab.getByRole("group", { name: "Where it runs" });
    const [automatic, nosana] = ["Automatic", "Nosana"].map((name) => places.getByRole("radio", { name }));
    expect(await automatic?.isChecked()).toBe(true);
    await places.getByText("$0.055/h").waitFor(); // its cheapest market, with the fee
    await automatic?.focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowUp"]) await tab.keyboard.press(key);
    expect(await nosana?.isChecked()).toBe(true);
    await expect.poll(() => places.getByRole("status").textContent(), ENOUGH).toMatch(/nosana/i);
    await look(tab, "compute-choice");

    await tab.reload();
    await expect.poll(() => nosana?.isChecked(), ENOUGH).toBe(true);
    await tab.getByLabel("Video address").fill(address("hangs"));
    await tab.getByRole("button", { name: "Make 2 clips" }).click();
    await tab.waitForURL(/\/jobs\/kk_/);
    const runs = tab.locator("dl");
    await expect.poll(() => runs.textContent(), ENOUGH).toMatch(/Runs on\s*Nosana, NVIDIA/);
    await expect.poll(() => runs.textContent(), ENOUGH).toMatch(/Cost so far(under )?\$.* at \$0\.055\/h/);
    await expect.poll(() => tab.getByText("Listening to every word").count(), ENOUGH).toBe(1);
    await look(tab, "compute-running");
    expect(market.running()).toHaveLength(1);
    const { attempts } = await viewOf(tab);
    expect(attempts).toMatchObject([
      { provider: "nosana", offer: { gpu: expect.stringContaining("NVIDIA") } },
    ]);

    await tab.getByRole("button", { name: "Cancel job" }).click();
    await tab.getByRole("alertdialog").getByRole("button", { name: "Cancel job" }).click();
    await tab.getByText("This job was cancelled").waitFor();
    await tab.context().close();
  });

  test("a finished job says where it was made and what it cost", async () => {
    const tab = await openTab();
    await make(tab, "Nosana");
    await tab.getByText(/1 clip, made in .* on Nosana, NVIDIA.* for (under )?\$0\.0/).waitFor();
    await tab.getByText("How these clips were made").click();
    const attempts = tab.getByRole("list", { name: "Attempts" });
    expect(await attempts.textContent()).toMatch(/Attempt 1: Nosana, NVIDIA.*succeeded.*best of 2 offers/);
    await look(tab, "compute-made");
    await tab.context().close();
  });

  test("without credits the job goes to the next provider, and says why", async () => {
    // a node that still ends gives back what was reserved for it
    await expect.poll(() => market.running(), ENOUGH).toEqual([]);
    market.setFreeUsd(0);
    const tab = await openTab();
    await make(tab, "Automatic");
    await tab.getByText(/1 clip, made in \d+ s$|1 clip, made in \d+ min/).waitFor();
    await tab.getByText("How these clips were made").click();
    const attempts = tab.getByRole("list", { name: "Attempts" });
    expect(await attempts.textContent()).toMatch(/own machine.*succeeded.*Why there: nosana .*credits/);
    await tab.context().close();
  });

  /** Makes a job of a clip at once, at the place of this name. */
  async function make(tab: Page, place: string) {
    await tab.goto("/generate-clips");
    await tab.getByRole("radio", { name: place }).check();
    await tab.getByLabel("Video address").fill(address("ok"));
    await tab.getByRole("button", { name: "Make 2 clips" }).click();
    await tab.waitForURL(/\/jobs\/kk_/);
  }

  /** The job that the tab shows, as the API tells it. */
  async function viewOf(tab: Page) {
    const id = new URL(tab.url()).pathname.split("/").at(-1) ?? "";
    return (await api.rest("GET", `/api/jobs/${id}`)).body;
  }
});
