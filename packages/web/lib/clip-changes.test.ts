import { ClipEdit, EdlClip, type Word } from "@kangklip/contract";
import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import {
  type Changes,
  changedText,
  editOf,
  type Ground,
  lengthError,
  windowOf,
  withText,
  wordsWith,
  wrongWith,
} from "./clip-changes.ts";

const t = translateTo("en");
const said = (text: string, from: number): Word[] =>
  text.split(" ").map((word, index) => ({ word, start: from + index, end: from + index + 0.8 }));

const aGround = (overrides: Partial<EdlClip> = {}): Ground => ({
  clip: EdlClip.parse({
    index: 1,
    title: "The clock",
    hook: "",
    segments: [{ start: 10, end: 14, text: "" }],
    words: said("it knows wat time", 10),
    ...overrides,
  }),
  view: { captioned: true },
  spoken: [...said("and so", 8), ...said("it knows what time", 10), ...said("it is now", 14)],
});

const texts = (ground: Ground, changes: Changes) =>
  wordsWith(ground, changes, { from: 8.5, to: 16 }).map(({ text, place }) => `${text}/${place}`);
const wordOf = (ground: Ground, text: string) => {
  const found = wordsWith(ground, {}, { from: 0, to: 99 }).find((word) => word.text === text);
  if (!found) throw new Error(`There is no word ${text}`);
  return found;
};

test("the clip's own words stand among those around it", () => {
  expect(texts(aGround(), {})).toEqual([
    "and/before",
    "so/before",
    "it/in",
    "knows/in",
    "wat/in",
    "time/in",
    "it/after",
    "is/after",
  ]);
});

test("where the clip is cut otherwise its own words keep their corrections, and new ones come in as heard", () => {
  expect(texts(aGround(), { start: 9, end: 12 })).toEqual([
    "and/before",
    "so/in",
    "it/in",
    "knows/in",
    "wat/after",
    "time/after",
    "it/after",
    "is/after",
  ]);
});

test("words between two parts are told from those around the clip", () => {
  const ground = aGround({
    segments: [
      { start: 10, end: 11, text: "" },
      { start: 13, end: 14, text: "" },
    ],
    words: [...said("it", 10), ...said("time", 13)],
  });
  expect(texts(ground, {})).toContain("what/between");
});

test("nothing changed is no edit, also where something was changed and put back", () => {
  const ground = aGround({ caption_preset: "amber" });
  expect(editOf(ground, {})).toBeNull();
  const back: Changes = { title: " The clock ", start: 10, end: 14, captions: true, overrides: [] };
  expect(editOf(ground, { ...back, caption_preset: "amber" })).toBeNull();
  const word = wordOf(ground, "wat");
  expect(withText(withText({}, word, "what"), word, "wat")).toEqual({});
});

test("a hook is changed like a title, and may be empty", () => {
  const ground = aGround({ hook: "Time is short" });
  expect(editOf(ground, { hook: " Time is short " })).toBeNull();
  expect(editOf(ground, { hook: "" })).toEqual({ hook: "" });
  expect(wrongWith(t, { hook: "" }, 30)).toBeNull();
  expect(wrongWith(t, { hook: "x".repeat(201) }, 30)).toContain("a hook 200");
});

test("only what is different is asked for", () => {
  expect(editOf(aGround(), { title: "A clock", captions: false, caption_preset: "pop" })).toEqual({
    title: "A clock",
    captions: false,
    caption_preset: "pop",
  });
  expect(editOf(aGround(), { end: 15 })).toEqual({ segments: [{ start: 10, end: 15 }] });
});

test("a corrected word takes all of the clip's words along, also those that a new cut brings in", () => {
  const ground = aGround();
  const changes = withText({ end: 15 }, wordOf(ground, "wat"), " what ");
  const edit = editOf(ground, changes);
  expect(edit?.words?.map(({ word }) => word)).toEqual(["it", "knows", "what", "time", "it"]);
  expect(ClipEdit.safeParse(edit).success).toBe(true);
});

test("a word without text is left out, and one outside of the clip changes nothing", () => {
  const ground = aGround();
  const changes = withText({}, wordOf(ground, "knows"), "  ");
  expect(editOf(ground, changes)?.words?.map(({ word }) => word)).toEqual(["it", "wat", "time"]);
  expect(editOf(ground, withText({}, wordOf(ground, "and"), "And"))).toBeNull();
});

test("changes are named", () => {
  expect(changedText(t, ["title", "segments", "something_new"])).toBe("title, start and end, something_new");
  expect(changedText(t, [])).toBe("");
  expect(changedText(translateTo("ar"), ["title", "hook"])).toContain("،");
});

test("what is shown of the source goes beyond an end that was moved, and not beyond the source", () => {
  const clip = { start: 30, end: 60 };
  expect(windowOf(clip, clip, 70)).toEqual({ from: 10, to: 70 });
  expect(windowOf(clip, { start: 4, end: 90 }, null)).toEqual({ from: 0, to: 95 });
});

test("an edit that cannot be is told before it is asked for", () => {
  expect(wrongWith(t, { title: "" }, 30)).toBe("A clip needs a title.");
  expect(wrongWith(t, { title: "x".repeat(101) }, 30)).toContain("at most 100 characters");
  expect(wrongWith(t, { title: "turned \u202e around" }, 30)).toContain("characters that cannot be shown");
  const words = Array.from({ length: 1001 }, (_, at) => ({ word: "a", start: at, end: at + 1 }));
  expect(wrongWith(t, { words }, 30)).toBe("There are too many words for one clip.");
  expect(wrongWith(t, { captions: true }, 200)).toBe(lengthError(t, 200));
  expect(wrongWith(t, { title: "Good" }, 30)).toBeNull();
  expect(lengthError(t, 0.4)).toBe("A clip is 1 to 180 s long; this one would be 0.4 s.");
});
