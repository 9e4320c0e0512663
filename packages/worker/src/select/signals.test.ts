import type { EdlClip } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { SCRIPT } from "../../../../tooling/sample/script.ts";
import { keptInfo, readInfo } from "../fetch/yt-dlp-info.ts";
import type { SelectInput } from "../stage.ts";
import { select } from "../stages/select.ts";
import { windowOf } from "./candidates.ts";
import { clipLengths } from "./cuts.ts";
import { hintsOf } from "./hints.ts";
import { scored } from "./score.ts";
import { reactionsIn, soundOf } from "./sound.ts";
import { talkOf } from "./talk.ts";
import { aSelectContext, aSelectInput, type ScriptLine, spanOf, transcriptOf } from "./testing.ts";

const lines = (...texts: string[]): ScriptLine[] => texts.map((text) => ({ text, pauseSeconds: 0.4 }));
const talk = (script: readonly ScriptLine[], overrides: Partial<SelectInput> = {}) =>
  talkOf(aSelectInput(transcriptOf(script), overrides));

const bees = lines(
  "The queen leaves the hive and the swarm follows the queen.",
  "A swarm of bees looks for a hollow tree for the hive.",
  "The bees dance, and the dance tells the swarm the way.",
  "Every dance of the bees means a place for the hive.",
  "The swarm moves into the tree with the queen.",
  "Then the bees build the comb and fill it with honey.",
  "The honey in the comb feeds the hive for a winter.",
  "A beekeeper takes some honey and leaves the comb.",
);
const trains = lines(
  "The first locomotive pulled coal wagons out of the mine.",
  "A locomotive needs steam, and steam needs coal and water.",
  "The rails broke under the wagons and the locomotive fell.",
  "Stronger rails carried heavier wagons at higher speed.",
  "The steam engine of the locomotive burned coal all day.",
  "Stations grew along the rails and the wagons carried mail.",
  "The mail wagons stopped at every station along the rails.",
  "Diesel took the place of steam on the rails.",
);

describe("changes of subject", () => {
  test("the clearest change is where the talk turns from bees to trains", () => {
    const { topicChanges } = talk([...bees, ...trains]);
    const inner = [...topicChanges].slice(1);
    expect(inner.indexOf(Math.max(...inner)) + 1).toBe(bees.length);
    expect(topicChanges[bees.length]).toBeGreaterThan(0.6);
    expect(topicChanges[0]).toBe(1);
  });

  test("a few sentences, or the same ones again and again, have none", () => {
    expect([...talk(bees.slice(0, 4)).topicChanges]).toEqual([1, 0, 0, 0]);
    const same = Array.from({ length: 20 }, () => bees[0] as ScriptLine);
    expect([...talk(same).topicChanges].slice(1)).toEqual(Array.from({ length: 19 }, () => 0));
  });

  test("a chapter of the source's own counts like the clearest change, at the sentence next to it", () => {
    const before = talk(SCRIPT);
    const sentence = before.sentences[20];
    const seconds = (sentence?.startMs ?? 0) / 1000;
    const after = talk(SCRIPT, { chapters: [0, seconds + 0.8, 99_999] });
    expect(after.topicChanges[20]).toBe(1);
    expect(before.topicChanges[20]).toBeLessThan(1);
  });

  test("a clip of one subject has more unity than one across the change", () => {
    const heard = talk([...bees, ...trains]);
    const lengths = clipLengths(30);
    const unity = (first: number, last: number) =>
      scored(
        heard,
        lengths,
        windowOf(heard, {
          startMs: heard.cuts.opening[heard.sentences[first]?.first ?? 0] ?? 0,
          endMs: heard.cuts.closing[heard.sentences[last]?.last ?? 0] ?? 0,
        }),
      ).parts.unity ?? Number.NaN;
    expect(unity(0, 7)).toBeGreaterThan(unity(4, 11) + 0.3);
  });
});

describe("questions and their answers", () => {
  const pairs = (...texts: string[]) => talk(lines(...texts)).answers;

  test("a reason that takes up the question's words is a sure answer", () => {
    const [pair] = pairs(
      "Why did the bridge fall into the river?",
      "Because the bridge was built for carts and not for trains.",
      "Nobody had looked at it for thirty years.",
      "And what did they do then?",
    );
    expect(pair).toMatchObject({ asked: 0, last: 2 });
    expect(pair?.strength).toBeGreaterThan(0.8);
  });

  test("so is a yes or no, if less sure", () => {
    const [pair] = pairs(
      "Did the bridge fall in the night?",
      "Yes, it went down in a storm with nobody near it.",
    );
    expect(pair?.strength).toBeCloseTo(0.5, 6);
  });

  test("whatever else comes next is a weak one", () => {
    const [pair] = pairs(
      "Can everyone see the second page?",
      "We put the folders together and then go on from there.",
      "It takes a while in the office.",
    );
    expect(pair?.strength).toBeLessThan(0.3);
  });

  test.each([
    ["a question after a question", ["Why did the bridge fall?", "Who built that bridge there?"]],
    ["the end of the talk", ["Nobody knew it at the time.", "Why did the bridge fall?"]],
    ["a word or two", ["Why did the bridge fall?", "Who knows."]],
    [
      "thanks for watching",
      ["Why did the bridge fall?", "Thanks for watching, and see you next week, goodbye."],
    ],
    ["an answer to a word", ["Really?", "Because the bridge was built for carts and not for trains."]],
  ])("%s is none", (_, texts) => {
    expect(pairs(...texts)).toEqual([]);
  });

  test("a question that is answered after a long silence is not answered", () => {
    const script = lines(
      "Why did the bridge fall?",
      "Because it was built for carts and not for the trains.",
    );
    expect(talk(script).answers).toHaveLength(1);
    script[0] = { text: "Why did the bridge fall?", pauseSeconds: 6 };
    expect(talk(script).answers).toEqual([]);
  });

  test("in Indonesian too", () => {
    const script = lines(
      "Kenapa jembatan itu bisa runtuh?",
      "Karena jembatan itu dibuat untuk gerobak, bukan untuk kereta.",
    );
    const transcript = transcriptOf(script, { overrides: { language: "id" } });
    expect(talkOf(aSelectInput(transcript)).answers[0]?.strength).toBeGreaterThan(0.8);
  });
});

describe("laughter and applause", () => {
  const step = 0.1;
  /** Words to 10 s, from 13 s on; what is between them is loud from `from` to `to`. */
  const words = [
    { startMs: 0, endMs: 10_000 },
    { startMs: 13_000, endMs: 20_000 },
  ];
  const heard = (from: number, to: number) => {
    const dbfs = Array.from({ length: 200 }, (_, index) => {
      const seconds = index * step;
      return seconds < 10 || seconds >= 13 || (seconds >= from && seconds < to) ? -25 : -65;
    });
    return reactionsIn(words, soundOf({ silences: [], levels: { step, dbfs } }, 20_000));
  };

  test("a gap between words that is loud is one", () => {
    expect(heard(10.2, 12.4)).toEqual([{ startMs: 10_100, endMs: 12_900 }]);
  });

  test("silence, a knock and sources without levels have none", () => {
    expect(heard(0, 0)).toEqual([]);
    expect(heard(11, 11.4)).toEqual([]);
    expect(reactionsIn(words, soundOf({ silences: [], levels: { step, dbfs: [] } }, 20_000))).toEqual([]);
  });
});

describe("what the source's page says", () => {
  test("chapters and replays are read as yt-dlp writes them, times alone", () => {
    const meta = {
      chapters: [
        { start_time: 0, title: "Ignore previous instructions" },
        { start_time: 61.5, end_time: 90 },
      ],
      heatmap: [
        { start_time: 0, end_time: 3, value: 1 },
        { start_time: 3, end_time: 6, value: 0.25 },
      ],
    };
    expect(hintsOf(meta)).toEqual({
      chapters: [0, 61.5],
      replayed: [
        { start: 0, end: 3, value: 1 },
        { start: 3, end: 6, value: 0.25 },
      ],
    });
  });

  test("they reach meta.json from yt-dlp's answer, and are found there", () => {
    const chapters = [{ start_time: 12, end_time: 40, title: "One" }];
    const heatmap = [{ start_time: 0, end_time: 3, value: 0.5 }];
    const { info } = readInfo(JSON.stringify({ id: "x", title: "T", duration: 40, chapters, heatmap }));
    expect(hintsOf(keptInfo(info))).toEqual({ chapters: [12], replayed: [{ start: 0, end: 3, value: 0.5 }] });
  });

  test("anything else counts as missing", () => {
    const none = { chapters: [], replayed: [] };
    expect(hintsOf({})).toEqual(none);
    expect(hintsOf({ chapters: "1:00", heatmap: { value: 1 } })).toEqual(none);
    const broken = { start_time: 9, end_time: 3, value: 1 };
    const wild = { start_time: -1, end_time: Number.NaN, value: Number.POSITIVE_INFINITY };
    expect(hintsOf({ chapters: [null, wild, "x"], heatmap: [broken, wild, null, 7] })).toEqual(none);
  });

  const seconds = 252;
  const replays = (hot: number) =>
    Array.from({ length: 100 }, (_, index) => ({
      start: (index * seconds) / 100,
      end: ((index + 1) * seconds) / 100,
      value: index === 0 ? 1 : Math.abs(index - hot) < 8 ? 0.9 : 0.1,
    }));
  const firstClip = async (overrides: Partial<SelectInput>) => {
    const context = aSelectContext({ clip_count: 1, clip_duration_seconds: 30 });
    const { edl } = await select(context, aSelectInput(transcriptOf(SCRIPT, { startSeconds: 3 }), overrides));
    return edl.clips[0] as EdlClip;
  };

  test("what people replay most moves the choice towards it, and the EDL says so", async () => {
    const plain = await firstClip({});
    const middle = (clip: EdlClip) => (spanOf(clip).startMs + spanOf(clip).endMs) / 2000;
    expect(plain.score_parts).not.toHaveProperty("replayed");
    for (const hot of [20, 80]) {
      const clip = await firstClip({ replayed: replays(hot) });
      const away = (of: EdlClip) => Math.abs(middle(of) - (hot * seconds) / 100);
      expect(away(clip)).toBeLessThanOrEqual(away(plain));
      expect(clip.score_parts.replayed).toBeGreaterThan(0.5);
    }
  });

  test("a flat graph, or one with nothing but its start, changes nothing", async () => {
    const plain = await firstClip({});
    const flat = replays(50).map((part, index) => ({ ...part, value: index === 0 ? 1 : 0.3 }));
    expect(await firstClip({ replayed: flat })).toEqual(plain);
    expect(await firstClip({ replayed: [], chapters: [] })).toEqual(plain);
  });
});
