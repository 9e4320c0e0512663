import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { leftText, shareUrl } from "./share-text.ts";

const t = translateTo("en");
test.each([
  [7 * 86_400 - 5, "7 days"],
  [47.4 * 3600, "47 hours"],
  [3 * 3600 + 10, "3 hours"],
  [3600, "60 minutes"],
  [61, "1 minute"],
  [3, "1 minute"],
])("a link that works for %s s more works for %s", (seconds, text) =>
  expect(leftText(t, seconds)).toBe(text),
);

test("what is left is counted as each language counts", () => {
  expect(leftText(translateTo("ar"), 2 * 86_400)).toBe("يومان");
  expect(leftText(translateTo("id"), 5 * 86_400)).toBe("5 hari");
});

test("a link is told with the page's own address", () =>
  expect(shareUrl("https://clips.example", "/s/kks_abc")).toBe("https://clips.example/s/kks_abc"));
