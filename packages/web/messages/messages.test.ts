import { type MessageFormatElement, parse, TYPE } from "@formatjs/icu-messageformat-parser";
import { ErrorCode } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { LOCALES, type Locale } from "../i18n/locales.ts";
import { MESSAGES } from "./index.ts";

/** Names and units, which are the same in every language. */
const NAMES = [
  ...["API", "AAC, −14 LUFS", "1080 × 1920, H.264", "Docker", "Nosana", "GPU", "KangKlip", "USDC", "SOL"],
  ...["SRT", "VTT", "MP4", "EDL (CMX 3600)", "Final Cut (FCPXML)", "OpenTimelineIO", "JSON"],
];
/** Words that a language shares with English, whole messages each. */
const SHARED: Partial<Record<Locale, string[]>> = {
  id: [
    ...[
      "B",
      "kB",
      "MB",
      "GB",
      "TB",
      "Amber",
      "Minimal",
      "Node",
      "node",
      "Log",
      "info",
      "Encoder",
      "Volume",
      "Render",
    ],
    ...["Video", "Audio", "Status", "Total", "Detail", "Token", "Solana", "Solana devnet", "Solana testnet"],
  ],
};
/** Forms that may be given by their number. */
const EXACT: Record<string, string> = { zero: "=0", one: "=1", two: "=2" };
const OTHERS = (Object.keys(LOCALES) as Locale[]).filter((locale) => locale !== "en");

/** Every message by its whole key. */
function flat(messages: object, path = ""): Map<string, string> {
  const all = new Map<string, string>();
  for (const [name, value] of Object.entries(messages)) {
    const key = path ? `${path}.${name}` : name;
    if (typeof value === "string") all.set(key, value);
    else for (const [below, text] of flat(value, key)) all.set(below, text);
  }
  return all;
}

interface Parts {
  /** Arguments with their kinds, and tags: what whoever says the message has to bring. */
  wanted: Set<string>;
  /** The forms of each plural. */
  plurals: { forms: string[]; ordinal: boolean }[];
  literal: string;
}

function partsOf(message: string): Parts {
  const parts: Parts = { wanted: new Set(), plurals: [], literal: "" };
  const visit = (elements: MessageFormatElement[]) => {
    for (const element of elements) {
      if (element.type === TYPE.literal) parts.literal += element.value;
      else if (element.type === TYPE.tag) {
        parts.wanted.add(`<${element.value}>`);
        visit(element.children);
      } else if (element.type !== TYPE.pound) {
        const kind = { [TYPE.plural]: "count", [TYPE.select]: "choice" }[element.type as number] ?? "value";
        parts.wanted.add(`${element.value} (${kind})`);
        if (element.type !== TYPE.plural && element.type !== TYPE.select) continue;
        const forms = Object.entries(element.options);
        if (element.type === TYPE.plural)
          parts.plurals.push({
            forms: forms.map(([form]) => form),
            ordinal: element.pluralType === "ordinal",
          });
        for (const [, { value }] of forms) visit(value);
      }
    }
  };
  visit(parse(message));
  return parts;
}

const english = flat(MESSAGES.en);
const parsed = new Map(
  (Object.keys(LOCALES) as Locale[]).map((locale) => [
    locale,
    new Map([...flat(MESSAGES[locale])].map(([key, message]) => [key, partsOf(message)])),
  ]),
);

test("English has a title, a cause and an action for every error code", () => {
  for (const code of ErrorCode.options)
    for (const part of ["title", "cause", "action"])
      expect(english.get(`errors.${code}.${part}`), `${code} ${part}`).toBeTruthy();
});

test.each(Object.keys(LOCALES) as Locale[])(
  "no message of %s is empty, and its plurals are the language's",
  (locale) => {
    for (const [key, { plurals, literal, wanted }] of parsed.get(locale) ?? []) {
      expect(literal.trim() !== "" || wanted.size > 0, key).toBe(true);
      for (const { forms, ordinal } of plurals) {
        const rules = new Intl.PluralRules(locale, { type: ordinal ? "ordinal" : "cardinal" });
        const known: string[] = rules.resolvedOptions().pluralCategories;
        expect(forms, key).toContain("other");
        for (const form of forms) if (!form.startsWith("=")) expect(known, `${key}: ${form}`).toContain(form);
        for (const form of known)
          expect(
            forms.some((given) => given === form || given === EXACT[form]),
            `${key} lacks "${form}"`,
          ).toBe(true);
      }
    }
  },
);

describe.each(OTHERS)("%s", (locale) => {
  const messages = flat(MESSAGES[locale]);

  test("says what English says, no more and no less", () => {
    expect([...english.keys()].filter((key) => !messages.has(key))).toEqual([]);
    expect([...messages.keys()].filter((key) => !english.has(key))).toEqual([]);
  });

  test("takes the same arguments and tags in each message", () => {
    for (const [key, { wanted }] of parsed.get(locale) ?? [])
      expect([...wanted].sort(), key).toEqual([...(parsed.get("en")?.get(key)?.wanted ?? [])].sort());
  });

  test("is translated: nothing but names and units is as in English", () => {
    const same = new Set([...NAMES, ...(SHARED[locale] ?? [])]);
    const untold = [...messages]
      .filter(([key, message]) => message === english.get(key))
      .filter(([key]) => {
        const literal = (parsed.get(locale)?.get(key)?.literal ?? "").trim();
        return /\p{L}/u.test(literal) && !same.has(literal);
      });
    expect(untold.map(([key, message]) => `${key}: ${message}`)).toEqual([]);
  });
});
