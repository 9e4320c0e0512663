import { createTranslator } from "next-intl";
import { expect, test } from "vitest";
import { pseudoMessage, pseudoMessages } from "./pseudo.ts";

test.each([
  ["Make clips", "[Måķé çļîpš]"],
  ["{seconds} s", "{seconds} [š]"],
  ["or <link>choose a file</link>", "[öŕ] <link>[çĥööšé å fîļé]</link>"],
  ["{at} / {length}", "[{at} / {length}]"],
  ["{n, plural, one {# clip} other {# clips}}", "{n, plural, one {[# çļîp]} other {[# çļîpš]}}"],
])("%j becomes %j", (message, pseudo) => expect(pseudoMessage(message)).toBe(pseudo));

test("a message put over still takes its arguments and counts", () => {
  const messages = pseudoMessages({ a: { b: "{n, plural, one {# clip} other {# clips}} of {title}" } });
  const t = createTranslator({ locale: "en", messages });
  expect(t("a.b", { n: 2, title: "Longitude" })).toBe("[2 çļîpš] [öf] Longitude");
});
