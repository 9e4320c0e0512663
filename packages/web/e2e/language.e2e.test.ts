import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PSEUDO_LOCALE } from "../i18n/pseudo.ts";
import { findChromium } from "./browser.ts";
import { CLIPS_MS, type House, startHouse } from "./testing-house.ts";
import { consoleErrors } from "./testing-job.ts";
import { openScreen, type Screen, screensOf } from "./testing-screens.ts";

const chromium = findChromium(process.env.CHROMIUM);

vi.setConfig({ testTimeout: CLIPS_MS });

describe.skipIf(!chromium)("the page in other languages (needs chromium)", () => {
  let house: House;
  let screens: Screen[];
  beforeAll(async () => {
    house = await startHouse(chromium ?? "");
    ({ screens } = await screensOf(house));
  }, CLIPS_MS);
  afterAll(() => house?.stop());

  test("no page says anything that was not given to be translated, aloud or in writing", async () => {
    const found: string[] = [];
    for (const screen of screens) {
      await using context = await house.openContext({ jobs: screen.jobs, language: PSEUDO_LOCALE });
      const tab = await context.newPage();
      await openScreen(tab, screen);
      for (const summary of await tab.locator("summary:visible").all()) await summary.click();
      found.push(...(await untranslated(tab)).map((text) => `${screen.name}: ${text}`));
      if (!(await tab.title()).includes("[")) found.push(`${screen.name}: its title, ${await tab.title()}`);
    }
    expect(found).toEqual([]);
  });

  test.each([
    ["id", "ltr", "Buat klip"],
    ["ar", "rtl", "مقاطع"],
  ])("in %s every page has its words, runs %s, and keeps the language", async (language, direction, word) => {
    await using context = await house.openContext({ language, jobs: [await house.finishedJob()] });
    const tab = await context.newPage();
    const heard = consoleErrors(tab);
    for (const screen of screens) {
      if (screen.jobs.length === 0 && screen.path.startsWith("/jobs/")) continue; // here the browser has the token
      await openScreen(tab, screen);
      const said = await tab.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);
      expect(said, screen.name).toEqual([language, direction]);
    }
    expect(heard.filter((line) => !/status of 4\d\d/.test(line))).toEqual([]);
    await tab.goto("/");
    expect(await tab.locator("main").textContent()).toContain(word);
  });

  test("a browser that asks for a language gets it, and whoever chooses another one keeps that", async () => {
    await using context = await house.browser.newContext({ baseURL: house.url, locale: "id-ID" });
    const tab = await context.newPage();
    await tab.goto("/");
    expect(await tab.locator("html").getAttribute("lang")).toBe("id");
    await tab.locator("header button[popovertarget]").click();
    await tab.getByRole("button", { name: "العربية" }).click();
    await expect.poll(() => tab.locator("html").getAttribute("dir"), { timeout: 30_000 }).toBe("rtl");
    await tab.goto("/pricing");
    expect(await tab.locator("html").getAttribute("lang")).toBe("ar");
  });
});

/**
 * Words of the page that are not in the brackets of the language of tests: in the text, and in what is spoken or shown of an element.
 * What people, videos and the API say is marked: as theirs, as code, or as English.
 */
function untranslated(tab: Page): Promise<string[]> {
  return tab.evaluate(() => {
    // an option of a list is the name of a language, as the browser itself has it
    const FOREIGN =
      "[data-user], bdi, [dir=auto], [role=option], option, [data-sentence], [translate=no], [lang]:not(html), code, time, script, style, noscript, template";
    /** Names of formats, and how an address begins. */
    const NAMES = /^(\(zip\)|SRT|VTT|ASS|https:\/\/…?)$/;
    const isWords = (text: string | null) =>
      /\p{L}{2}/u.test(text ?? "") && !/[[\]]/.test(text ?? "") && !NAMES.test(text?.trim() ?? "");
    const found = new Set<string>();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { textContent, parentElement } = texts.currentNode;
      if (isWords(textContent) && !parentElement?.closest(FOREIGN)) found.add(`"${textContent?.trim()}"`);
    }
    for (const name of [
      "aria-label",
      "title",
      "alt",
      "placeholder",
      "aria-valuetext",
      "aria-roledescription",
    ])
      for (const element of document.querySelectorAll(`[${name}]`))
        if (isWords(element.getAttribute(name)) && !element.closest(FOREIGN))
          found.add(`${name}="${element.getAttribute(name)}"`);
    return [...found];
  });
}
