import { expect, test } from "vitest";
import { THEME_SCRIPT } from "./theme.ts";

/** What the script makes of what the browser keeps: the look that it sets on the page, or none. */
function lookAfter(getItem: (key: string) => string | null): string | undefined {
  const dataset: { theme?: string } = {};
  new Function("localStorage", "document", THEME_SCRIPT)({ getItem }, { documentElement: { dataset } });
  return dataset.theme;
}

test("the look that was kept is there before anything is painted; anything else leaves it to the device", () => {
  expect(lookAfter((key) => (key === "kk:theme" ? "dark" : null))).toBe("dark");
  expect(lookAfter(() => "light")).toBe("light");
  expect(lookAfter(() => null)).toBeUndefined();
  expect(lookAfter(() => "<b>")).toBeUndefined();
  const refused = () => {
    throw new Error("the browser keeps nothing");
  };
  expect(lookAfter(refused)).toBeUndefined();
});

test("the script can stand in a page as text", () => expect(THEME_SCRIPT).not.toMatch(/["'&<>]/));
