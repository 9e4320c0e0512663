import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { accessibilityFaults, overflow, smallTargets } from "./browser.ts";

/**
 * Takes a picture of the whole page where SCREENSHOTS names a folder for it, else none: `npm run test:browser` looks with its own eyes.
 * WebP, as pages full of text are small in it.
 */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  const session = await page.context().newCDPSession(page);
  const { cssContentSize } = await session.send("Page.getLayoutMetrics");
  const before = page.viewportSize();
  const height = Math.ceil(cssContentSize.height);
  // what sticks to the window's edge belongs to the page's edge in a picture of all of it
  const whole = before && (await page.getByRole("dialog").or(page.getByRole("alertdialog")).count()) === 0;
  if (whole) await page.setViewportSize({ width: before.width, height });
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality: 60,
    captureBeyondViewport: true,
    clip: { ...cssContentSize, scale: 1 },
  });
  await session.detach();
  if (whole) await page.setViewportSize(before);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.webp`), Buffer.from(data, "base64"));
}

const WIDTHS = [320, 768, 1440];

/** The same in the three widths that pages are looked at in. */
export async function pictures(page: Page, name: string): Promise<void> {
  if (!process.env.SCREENSHOTS) return;
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await picture(page, `${name}-${width}-light`);
  }
  if (before) await page.setViewportSize(before);
}

/** In both colours and these widths: nothing sticks out, axe finds nothing, and a picture for whoever wants to look. */
export async function look(tab: Page, name: string, widths = WIDTHS) {
  for (const colorScheme of ["light", "dark"] as const)
    for (const width of widths) {
      await tab.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await tab.setViewportSize({ width, height: 900 });
      const path = `${name}-${width}-${colorScheme}`;
      expect(await accessibilityFaults(tab), path).toEqual([]);
      await picture(tab, path);
      expect(await smallTargets(tab), path).toEqual([]);
      expect(await overflow(tab), path).toBe(0);
    }
}
