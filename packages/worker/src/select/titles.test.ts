import type { EdlClip } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCRIPT } from "../../../../tooling/sample/script.ts";
import type { Transcript } from "../stage.ts";
import { select } from "../stages/select.ts";
import { plainWord } from "./plain-text.ts";
import { aSelectContext, aSelectInput, type ScriptLine, transcriptOf } from "./testing.ts";

async function clipsOf(
  lines: readonly ScriptLine[],
  overrides: Partial<Transcript> = {},
  title = "My video",
) {
  const context = aSelectContext({ clip_count: 3, clip_duration_seconds: 30 });
  const { edl } = await select(context, aSelectInput(transcriptOf(lines, { overrides }), { title }));
  return edl.clips;
}
const said = (lines: readonly ScriptLine[], change: (text: string) => string) =>
  lines.map((line) => ({ ...line, text: change(line.text) }));
const again = (texts: string[], times: number, pauseSeconds = 0.7) =>
  Array.from({ length: times }, () => texts).flatMap((all) => all.map((text) => ({ text, pauseSeconds })));

const MOMENT = /^Moment at \d/;
const FILLER_ENDS = /\b(?:um|uh|erm|you know|like|and|or|the|a|of|to|with)…?$/i;
/** What a title must be, whatever was said. */
function expectTitles(clips: EdlClip[], words: readonly string[]): void {
  const spoken = new Set(words.flatMap((word) => [plainWord(word), plainWord(word).replace(/['’]s$/, "")]));
  const titles = clips.map(({ title }) => title);
  expect(new Set(titles.map((title) => title.toLowerCase())).size, titles.join(" | ")).toBe(clips.length);
  for (const { title, hook } of clips) {
    expect(Array.from(title).length).toBeLessThanOrEqual(60);
    expect(Array.from(hook).length).toBeLessThanOrEqual(90);
    expect(title).not.toMatch(/^clip \d|^\s|\s$|[.,;:]$|\p{Cc}/iu);
    expect(title).not.toMatch(/^\P{L}*\p{Ll}/u); // sentence case
    expect(title).not.toMatch(FILLER_ENDS);
    expect(`${title}${hook}`.length).toBeGreaterThan(3);
    if (MOMENT.test(title)) continue;
    const letters = title.replace(/[^\p{L}]/gu, "");
    if (letters.length > 8) expect(letters).not.toMatch(/^\p{Lu}+$/u);
    for (const word of title.split(/[\s…]+/).map(plainWord))
      if (word !== "" && !/\p{Script=Han}/u.test(word)) expect(spoken, title).toContain(word);
  }
}

describe("awkward transcripts", () => {
  const bare = (text: string) => text.toLowerCase().replace(/[.,?!]/g, "");
  const chinese = [
    "今天我们来谈谈健康和睡眠的问题。",
    "很多人晚上睡不着觉，他们把手机放在床边，一直看到半夜。",
    "我们的公司把价格降低了一半，销量翻了三倍，客户最后都说这是最好的决定，因为他们终于可以负担得起了。",
    "为什么没有人告诉我们这个秘密？",
  ];
  const arabic = [
    "لماذا ضاع الكثير من البحارة في المحيط؟",
    "وستون ميلا يمكن أن تقتلك.",
    "لأنه لا توجد علامات على الماء.",
  ];

  test.each<[name: string, lines: readonly ScriptLine[], overrides?: Partial<Transcript>]>([
    ["bare words", said(SCRIPT, bare)],
    ["bare words without a pause", said(SCRIPT, bare).map((line) => ({ ...line, pauseSeconds: 0 }))],
    ["capitals", said(SCRIPT, (text) => text.toUpperCase())],
    ["bare capitals", said(SCRIPT, (text) => bare(text).toUpperCase())],
    [
      "one word",
      [
        { text: "Hello", pauseSeconds: 200 },
        { text: "x", pauseSeconds: 1 },
      ],
    ],
    [
      "fillers everywhere",
      again(
        ["Um, so, like, you know, the sea is, uh, very wide, you know.", "And, uh, the ship was lost, um."],
        15,
      ),
    ],
    ["Arabic", again(arabic, 9), { language: "ar" }],
    [
      "Indonesian",
      again(
        ["Jadi eh bapak saya pergi ke laut.", "Kenapa kapal itu hilang?", "Enam puluh mil bisa membunuh."],
        9,
      ),
      { language: "id" },
    ],
    [
      "Chinese, a word a token",
      said(again(chinese, 5), (text) => text.replace(/(.{2})/gu, "$1 ").trim()),
      { language: "zh" },
    ],
    ["Chinese, a line a token", again(chinese, 7, 4), { language: "zh" }],
  ])("%s", async (_, lines, overrides) => {
    const clips = await clipsOf(lines, overrides);
    expect(clips).toHaveLength(3);
    expectTitles(
      clips,
      lines.flatMap(({ text }) => text.split(" ")),
    );
  });

  test("a question that was heard without its mark gets it", async () => {
    const clips = await clipsOf(said(SCRIPT, bare));
    expect(clips.map(({ title, hook }) => `${title} ${hook}`).join(" ")).toContain(
      "What should we learn from this man?",
    );
  });

  test("what a name and a mark of a new speaker stand before is told without them", async () => {
    const clips = await clipsOf(said(SCRIPT, (text) => `>> HOST: ${text}`));
    for (const { title, hook } of clips) expect(`${title} ${hook}`).not.toMatch(/HOST|>/);
  });

  test.each(["[Music]", "♪ la la la ♪", "(audience laughing)", "*applause*", "【音楽】"])(
    "“%s” names no clip",
    async (text) => {
      const clips = await clipsOf(again([text], 20, 8), {}, "Street music");
      for (const { title } of clips) expect(title).toMatch(/^Moment at \d+:\d\d of Street music$/);
    },
  );

  test("Chinese titles have no spaces, no full stop and at most as many signs as fit", async () => {
    const clips = await clipsOf(
      said(again(chinese, 5), (text) => text.replace(/(.{2})/gu, "$1 ").trim()),
      { language: "zh" },
    );
    for (const { title } of clips) {
      expect(title).not.toMatch(/\p{Script=Han} \p{Script=Han}|。$/u);
      expect(Array.from(title).length).toBeLessThanOrEqual(31);
    }
  });

  test("an Indonesian talk is told about in Indonesian", async () => {
    const lines = again(
      ["Jadi bapak saya pergi ke laut.", "Kenapa kapal itu hilang?", "Enam puluh mil bisa membunuh."],
      9,
    );
    for (const { reason } of await clipsOf(lines, { language: "id" }))
      expect(reason).toMatch(
        /^(?:Menyebut|Dibuka|Ditutup|Ada|Dipahami|Memuat|Tetap|Bercerita|Bagian|Mengajukan|Membalik)/,
      );
  });
});

test("titles of any words, in any writing, are titles", { timeout: 60_000 }, async () => {
  const word = fc.constantFrom(
    ..."um uh, the The ship SHIP ship. why Why how you know, I i and And 7 20 sea? it's don't clock… “time” (laughs) [Music] >> - GUEST: money.".split(
      " ",
    ),
    ...[
      "é",
      "海",
      "船は",
      "時計。",
      "где",
      "كتاب",
      "\u202eevil",
      "a\u0000b",
      "{x}",
      "http://evil.example",
      "🦓",
      "ō",
    ],
  );
  const line = fc.record({
    text: fc.array(word, { minLength: 1, maxLength: 30 }).map((words) => words.join(" ")),
    pauseSeconds: fc.constantFrom(0, 0.1, 0.4, 0.8, 3),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 25, maxLength: 40 }), async (lines) => {
      const clips = await clipsOf(lines, { language: "en" }).catch(() => []); // too short for one
      const words = lines.flatMap(({ text }) =>
        text
          .replaceAll("\u202e", "")
          .replaceAll("\u0000", " ")
          .split(/[\s{}[\]()“”]+/),
      );
      expectTitles(clips, words);
    }),
    { numRuns: 60, seed: 6 },
  );
});
