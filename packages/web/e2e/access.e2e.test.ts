import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accessibilityFaults, findChromium, overflow, smallTargets } from "./browser.ts";
import { CLIPS_MS, type House, startHouse } from "./testing-house.ts";
import { consoleErrors } from "./testing-job.ts";
import { picture } from "./testing-pictures.ts";
import { openScreen, screensOf } from "./testing-screens.ts";

const chromium = findChromium(process.env.CHROMIUM);
const WIDTHS = [320, 768, 1440];
/** Colours do not know in which direction a page runs. */
const LANGUAGES = [
  { language: "en", runs: "ltr", looks: ["light", "dark"] },
  { language: "ar", runs: "rtl", looks: ["light"] },
] as const;

describe.skipIf(!chromium)("every page is for everybody (needs chromium)", () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse(chromium ?? "");
  }, CLIPS_MS);
  afterAll(() => house?.stop());

  test.each(LANGUAGES)(
    "in $language, which runs $runs ($looks): at 320, 768 and 1440 pixels axe finds nothing, nothing sticks out, and targets are 44 pixels high",
    async ({ language, runs, looks }) => {
      const faults: string[] = [];
      // made anew for each language: the job that is looked at while it runs does not run for ever
      await using every = await screensOf(house);
      for (const screen of every.screens) {
        await using context = await house.openContext({
          jobs: screen.jobs,
          language,
          bypassCSP: true,
          reducedMotion: "reduce",
        });
        const tab = await context.newPage();
        const heard = consoleErrors(tab);
        await openScreen(tab, screen);
        const direction = await tab.locator("html").getAttribute("dir");
        if (direction !== runs) faults.push(`${screen.name}: ${direction}`);
        for (const width of WIDTHS) {
          await tab.setViewportSize({ width, height: 900 });
          for (const colorScheme of looks) {
            await tab.emulateMedia({ colorScheme, reducedMotion: "reduce" });
            const name = `${screen.name}-${width}-${colorScheme}${language === "en" ? "" : `-${language}`}`;
            const moving = await tab.evaluate(() => document.getAnimations().length);
            const wrong = await accessibilityFaults(tab);
            if (moving > 0) wrong.unshift(`${moving} animations for somebody who wants none`);
            if (colorScheme === "light") {
              wrong.push(...(await smallTargets(tab)).map((target) => `lower than 44 px: ${target}`));
              const wider = await overflow(tab);
              if (wider > 0) wrong.push(`${wider} px wider than the window`);
            }
            faults.push(...wrong.map((fault) => `${name}: ${fault}`));
            await picture(tab, name);
          }
        }
        // what is not there is told by its status, and browsers name that in the console
        faults.push(
          ...heard.filter((said) => !/status of 4\d\d/.test(said)).map((said) => `${screen.name}: ${said}`),
        );
      }
      expect(faults).toEqual([]);
    },
    CLIPS_MS,
  );
});
