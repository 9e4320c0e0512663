import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";

/** The browser's program; undefined where there is none. `CHROMIUM` names another one. */
export function findChromium(named: string | undefined): string | undefined {
  return [named, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (path) => path && existsSync(path),
  );
}

/** Starts it without a window. Media may start without a click, as the tests press play by script. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds wrong with the page, a line each: the rule and the first elements that break it. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window)))
    await page.evaluate(
      await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"),
    );
  return page.evaluate(async (rules) => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, { runOnly: { type: "tag", values: rules } });
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ target }) => target.join(" "))
          .join(", ")}`,
    );
  }, RULES);
}

/** How far the page is wider than its window, in CSS pixels: 0 where nothing sticks out. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Everything one can press that is lower than 44 CSS pixels; links in running text are exempt (WCAG 2.5.8). */
export function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll(
        "a, button, summary, input:not([type=radio], [type=checkbox], [type=file]), label:has(input)",
      ),
    ]
      .filter((element) => getComputedStyle(element).display !== "inline" && element.clientWidth > 1)
      .filter((element) => element.getBoundingClientRect().height < 43.5)
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}

/** Unfolds what is asked of the clips on the page where they are made. */
export const openOptions = (page: Page) => page.locator("summary", { hasText: "Options" }).click();

/** Every page but those of jobs. */
export const PAGES = [
  "/",
  "/generate-clips",
  "/jobs",
  "/pricing",
  "/topup",
  "/status",
  "/errors",
  "/errors/SOURCE_NOT_FOUND",
  "/about",
  "/legal",
  "/terms",
  "/no-such-page",
];
