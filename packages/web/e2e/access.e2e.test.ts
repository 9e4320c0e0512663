import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accessibilityFaults, findChromium, overflow, smallTargets } from "./browser.ts";
import { CLIPS_MS, type House, startHouse } from "./testing-house.ts";
import { consoleErrors } from "./testing-job.ts";
import { picture } from "./testing-pictures.ts";
import { openScreen, type Screen, screensOf } from "./testing-screens.ts";

const chromium = findChromium(process.env.CHROMIUM);
const WIDTHS = [320, 768, 1440];
const LANGUAGES = { en: "left to right", ar: "right to left" };

describe.skipIf(!chromium)("every page is for everybody (needs chromium)", () => {
  let house: House;
  let screens: Screen[];
  beforeAll(async () => {
    house = await startHouse(chromium ?? "");
    screens = await screensOf(house);
  }, CLIPS_MS);
  afterAll(() => house?.stop());

  test.each(Object.entries(LANGUAGES))(
    "%s, %s: in the light and in the dark, at 320, 768 and 1440 pixels, axe finds nothing, nothing sticks out, and targets are 44 pixels high",
    async (language) => {
      const faults: string[] = [];
      for (const screen of screens) {
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
        if (direction !== (language === "ar" ? "rtl" : "ltr")) faults.push(`${screen.name}: ${direction}`);
        for (const width of WIDTHS) {
          await tab.setViewportSize({ width, height: 900 });
          for (const colorScheme of ["light", "dark"] as const) {
            await tab.emulateMedia({ colorScheme, reducedMotion: "reduce" });
            const name = `${screen.name}-${width}-${colorScheme}${language === "en" ? "" : `-${language}`}`;
            const wrong = await accessibilityFaults(tab);
            // a busy browser shows the colours of before for a moment
            for (let again = 0; wrong.length > 0 && again < 3; again++) {
              await tab.waitForTimeout(300);
              wrong.splice(0, wrong.length, ...(await accessibilityFaults(tab)));
            }
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
