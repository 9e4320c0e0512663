import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findChromium } from "./browser.ts";
import { CLIPS_MS, ENOUGH, type House, startHouse } from "./testing-house.ts";
import { tabTo } from "./testing-job.ts";
import { pictures } from "./testing-pictures.ts";

const chromium = findChromium(process.env.CHROMIUM);

// Credits are gone through by keyboard in credits-looks.e2e.test.ts, editing in main-job.e2e.test.ts.
vi.setConfig({ testTimeout: CLIPS_MS });

describe.skipIf(!chromium)("everything by keyboard alone (needs chromium)", () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse(chromium ?? "");
    await house.finishedJob();
  }, CLIPS_MS);
  afterAll(() => house?.stop());

  const focused = (tab: Page) => tab.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
  const press = async (tab: Page, ...keys: string[]) => {
    for (const key of keys) await tab.keyboard.press(key);
  };

  test("from the first page to a job, cancelled and found again in the list", async () => {
    const tab = await house.openTab();
    await tab.goto("/");
    await press(tab, "Tab");
    expect(await focused(tab)).toBe("Skip to content");
    await press(tab, "Enter");
    await tabTo(tab, tab.getByLabel("Address of the video"));
    await tab.keyboard.type(house.videos.at("slow"));
    await press(tab, "Enter");
    await tab.waitForURL(/\/generate-clips/);
    await expect
      .poll(() => tab.getByLabel("Video address").inputValue(), ENOUGH)
      .toBe(house.videos.at("slow"));
    await tabTo(tab, tab.locator("summary", { hasText: "Options" }));
    await press(tab, "Enter");
    await tabTo(
      tab,
      tab.getByRole("group", { name: "How many clips" }).getByRole("radio", { checked: true }),
    );
    await press(tab, "ArrowRight");
    await tabTo(tab, tab.getByRole("button", { name: "Make 3 clips" }));
    await press(tab, "Enter");
    await tab.waitForURL(/\/jobs\/kk_/);
    await tabTo(tab, tab.getByRole("button", { name: "Cancel job" }));
    await press(tab, "Enter");
    const dialog = tab.getByRole("alertdialog");
    await dialog.waitFor();
    const inside = () => dialog.evaluate((element) => element.contains(document.activeElement));
    await expect.poll(inside, ENOUGH).toBe(true);
    await pictures(tab, "cancel-dialog");
    await press(tab, "Escape");
    await dialog.waitFor({ state: "detached" });
    await expect.poll(() => focused(tab), ENOUGH).toBe("Cancel job"); // where one was
    await press(tab, "Enter");
    await dialog.waitFor();
    await tabTo(tab, dialog.getByRole("button", { name: "Cancel job" }));
    await press(tab, "Enter");
    await tab.getByText("This job was cancelled").waitFor();

    await tab.goto("/jobs");
    const rows = tab.getByRole("list", { name: "Jobs, the newest first" });
    await rows.getByRole("link").first().waitFor();
    await tabTo(tab, rows.getByRole("button", { name: /^Remove from this list/ }).first());
    await press(tab, "Enter");
    await tab.getByRole("alertdialog").waitFor();
    await tabTo(tab, tab.getByRole("button", { name: "Remove it" }));
    await press(tab, "Enter");
    await tabTo(tab, tab.getByRole("button", { name: "Undo" }));
    await press(tab, "Enter");
    await rows.getByRole("link").first().waitFor();
    await tab.context().close();
  });

  test("a clip is played, slowed down, looped and shared; a link is taken back", async () => {
    const job = await house.finishedJob();
    const tab = await house.openTab({ jobs: [job] });
    await tab.goto(job.path);
    const player = tab.getByRole("group", { name: "Player of clip 1" });
    await player.locator("video").waitFor();
    const video = <T>(look: (video: HTMLVideoElement) => T) =>
      player.locator("video").evaluate(look as (video: Element) => T);
    await tabTo(tab, player.getByRole("button", { name: "Play" }));
    await press(tab, "Enter");
    await expect.poll(() => video(({ currentTime }) => currentTime), ENOUGH).toBeGreaterThan(0.3);
    await press(tab, "k");
    await expect.poll(() => video(({ paused }) => paused), ENOUGH).toBe(true);
    const at = await video(({ currentTime }) => currentTime);
    await press(tab, "l");
    await expect.poll(() => video(({ currentTime }) => currentTime), ENOUGH).toBeGreaterThan(at + 5);
    await press(tab, "j");
    await press(tab, "i");
    await press(tab, "ArrowRight", "o");
    await player
      .getByText(/again and again/)
      .first()
      .waitFor({ state: "attached" });
    await press(tab, "m");
    await expect.poll(() => video(({ muted }) => muted), ENOUGH).toBe(true);
    await press(tab, "?");
    await tab.getByRole("dialog").getByText("Keys of the player").waitFor();
    await pictures(tab, "player-keys");
    await press(tab, "Escape");
    await tab.getByRole("dialog").waitFor({ state: "detached" });

    await tabTo(tab, tab.getByRole("button", { name: "Share" }));
    await press(tab, "Enter");
    const dialog = tab.getByRole("dialog");
    await tabTo(tab, dialog.getByRole("button", { name: "Make a link" }));
    await press(tab, "Enter");
    await dialog.getByRole("textbox", { name: "Link" }).waitFor();
    await tabTo(tab, dialog.getByRole("button", { name: /^Take it back/ }));
    await press(tab, "Enter");
    await dialog.getByText("There are no links yet.").waitFor();
    await press(tab, "Escape");
    await dialog.waitFor({ state: "detached" });
    await expect.poll(() => focused(tab), ENOUGH).toBe("Share");
    await tab.context().close();
  });

  test("language and look are chosen, and the page keeps them", async () => {
    const tab = await house.openTab();
    await tab.goto("/pricing");
    await tabTo(tab, tab.getByRole("button", { name: "Language and look" }));
    await press(tab, "Enter");
    await tabTo(tab, tab.getByRole("button", { name: "Bahasa Indonesia" }));
    await press(tab, "Enter");
    await expect.poll(() => tab.locator("html").getAttribute("lang"), ENOUGH).toBe("id");
    await tab.reload();
    expect(await tab.locator("html").getAttribute("lang")).toBe("id");
    await tab.context().close();
  });
});
