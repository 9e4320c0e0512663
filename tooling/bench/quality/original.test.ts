import { describe, expect, test } from "vitest";
import { seenAt } from "./look.ts";
import {
  originalArgs,
  originalAss,
  originalCentre,
  originalCues,
  originalFrames,
  originalLooks,
  originalWindow,
} from "./original.ts";
import { speakerShare, talkRows } from "./talk-rows.ts";

const face = (x: number, w: number) => ({ x, y: 100, w, h: w });

describe("the way of 1.x", () => {
  test("looks for faces twice a second, at least 4 and at most 20 times a segment, from its start on", () => {
    expect(originalLooks({ start: 10, end: 11 })).toEqual([10, 10.25, 10.5, 10.75]);
    expect(originalLooks({ start: 0, end: 45 })).toHaveLength(20);
    expect(originalLooks({ start: 0, end: 45 })[1]).toBe(2.25);
  });

  test("takes the largest face of each look and the median of those", () => {
    const looks = [[face(100, 50), face(900, 60)], [face(100, 50)], [], [face(110, 50), face(105, 20)]];
    expect(originalCentre(looks)).toEqual({ x: 135, y: 125 });
    expect(originalCentre([[], []])).toBeNull();
  });

  test("cuts 606 of 1080 lines, so that pixels come out as 404:405, and never leaves the picture", () => {
    const hd = { width: 1920, height: 1080 };
    expect(originalWindow(hd, null)).toEqual({ x: 656, y: 0, w: 606, h: 1080 });
    expect(originalWindow(hd, { x: 1900, y: 0 })).toEqual({ x: 1314, y: 0, w: 606, h: 1080 });
    expect(originalWindow({ width: 360, height: 900 }, { x: 0, y: 0 })).toEqual({
      x: 0,
      y: 0,
      w: 360,
      h: 640,
    });
  });

  test("has one still window per segment of the clip", () => {
    const segments = [
      { start: 5, end: 8 },
      { start: 20, end: 22 },
    ];
    const frames = originalFrames({ width: 1920, height: 1080 }, segments, [{ x: 400, y: 1 }, null]);
    expect(frames).toMatchObject([
      { start: 0, end: 3, x: 96, layout: "crop", reason: "median" },
      { start: 3, end: 5, x: 656, layout: "crop", reason: "centre" },
    ]);
  });

  test("makes one caption of a segment, the third line takes what is left, and the space between lines is forgotten", () => {
    const words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split(
      " ",
    );
    const said = words.map((word, i) => ({ word, start: 10 + i, end: 10.9 + i }));
    const [cue] = originalCues([{ text: "", start: 10, duration: 14, words: said }], [{ start: 8, end: 23 }]);
    expect(cue).toMatchObject({ start: 2, end: 15 });
    expect(cue?.lines.map((line) => line.map(({ text }) => text).join(" ").length)).toEqual([18, 20, 40]);
    expect(cue?.lines[0]?.map(({ seconds }) => seconds)).toEqual([1, 1, 1, expect.closeTo(0.9, 6)]);
    const ass = originalAss(cue ? [cue] : []);
    expect(ass).toContain(
      "Dialogue: 0,0:00:02.00,0:00:15.00,Default,,0,0,0,,{\\k100}one {\\k100}two {\\k100}three {\\k90}four\\N",
    );
  });

  test("decodes from the beginning for a clip of several segments, and seeks for one", () => {
    const clip = { file: "talk.mp4", windows: [], hasSound: true, captioned: false };
    const one = originalArgs({ ...clip, segments: [{ start: 600, end: 630 }] });
    expect(one.join(" ")).toContain("-ss 600 -to 630 -i talk.mp4 -vf crop=");
    const two = originalArgs({
      ...clip,
      segments: [
        { start: 600, end: 615 },
        { start: 900, end: 915 },
      ],
    }).join(" ");
    expect(two).not.toContain("-ss");
    expect(two).toContain("trim=900:915");
    for (const args of [one.join(" "), two])
      expect(args).not.toMatch(/faststart|loudnorm|setsar|pix_fmt|afade/);
  });
});

describe("what is seen of the source at a time", () => {
  const still = { start: 0, end: 4, layout: "crop" as const, x: 100, y: 0, w: 600, h: 1000, reason: "face" };

  test("is the window of the shot, both of a split, and where a path has come to", () => {
    const lower = { x: 900, y: 0, w: 600, h: 500 };
    const path = [
      { at: 5, x: 100, y: 0 },
      { at: 7, x: 300, y: 40 },
    ];
    const frames = [
      still,
      { ...still, start: 4, end: 8, path },
      { ...still, start: 8, end: 9, layout: "split" as const, lower },
    ];
    expect(seenAt(frames, 3.9)).toMatchObject([{ x: 100 }]);
    expect([4, 5, 6, 7, 7.9].map((at) => seenAt(frames, at)[0]?.x)).toEqual([100, 100, 200, 300, 300]);
    expect(seenAt(frames, 8.5)).toMatchObject([{ x: 100 }, { x: 900 }]);
  });
});

describe("the rows of the whole job", () => {
  const good = {
    ...{ bytes: 10e6, width: 1080, height: 1920, seconds: 30, endsApart: 0.01, startsAt: 0, keyframeGap: 2 },
    ...{ isSquare: true, isTagged: true, isMoovFirst: true, integrated: -14.2, truePeak: -1.5, range: 5 },
    ...{ wanted: 30, captions: { pixels: 0, share: 0, seen: 100 }, empty: 0, speaker: 100 },
  };
  const bad = {
    ...good,
    ...{
      seconds: 28,
      endsApart: 0.2,
      startsAt: 0.1,
      keyframeGap: 8,
      isSquare: false,
      isTagged: false,
      isMoovFirst: false,
    },
    ...{
      integrated: -30,
      truePeak: 0.2,
      range: 20,
      captions: { pixels: 340, share: 80, seen: 100 },
      empty: 40,
      speaker: 16,
      bytes: 90e6,
    },
  };

  test("each holds for a good clip and fails for a bad one", () => {
    const rows = talkRows([good], [bad]);
    expect(rows.filter(({ pass }) => !pass)).toEqual([]);
    expect(talkRows([good, bad], [good]).filter(({ pass }) => pass)).toEqual([]);
  });

  test("clips without captions or sound have no figure for them, which is no pass", () => {
    const silent = { ...good, captions: null, integrated: Number.NaN };
    const rows = talkRows([silent], []);
    expect(rows.filter(({ pass }) => !pass).map(({ id }) => id)).toEqual([
      "E.loudness",
      "E.captions",
      "E.captions_share",
    ]);
  });

  test("the speaker's share counts the speech of shots with people, and both windows of a split", () => {
    const line = (shot: "wide" | "slide", speaker: "host" | "guest", startSeconds: number) => ({
      ...{ shot, speaker, startSeconds, endSeconds: startSeconds + 2 },
      text: "",
      pauseSeconds: 0,
    });
    const lines = [line("wide", "host", 0), line("wide", "guest", 2), line("slide", "guest", 4)];
    const around = (x: number, over: object = {}) => ({
      start: 0,
      end: 6,
      layout: "crop" as const,
      x,
      y: 0,
      w: 300,
      h: 500,
      reason: "",
      ...over,
    });
    const share = (frames: ReturnType<typeof around>[], segments = [{ start: 0, end: 6 }]) =>
      speakerShare({ lines }, { segments, frames, width: 1920 });
    expect(share([around(500)])).toBeCloseTo(50, 0);
    expect(share([around(500), around(1200, { start: 2 })])).toBeCloseTo(100, 0);
    expect(share([around(500, { lower: { x: 1200, y: 0, w: 300, h: 500 } })])).toBe(100);
    expect(share([around(1200)], [{ start: 2, end: 4 }])).toBe(100);
  });
});
