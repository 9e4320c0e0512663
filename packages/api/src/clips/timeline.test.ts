import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type Cuts, perSecond, rateOf } from "./timeline.ts";
import { asEdl, frameOf, timecode } from "./timeline-edl.ts";
import { asFcpxml } from "./timeline-fcpxml.ts";
import { asOtio } from "./timeline-otio.ts";

const cuts = (over: Partial<Cuts["source"]> = {}, clips: Cuts["clips"] = CLIPS): Cuts => ({
  source: {
    ...{ title: "A talk on bees", name: "talk.mp4", url: "https://example.com/talk.mp4" },
    ...{ seconds: 3600, fps: 29.97, width: 1920, height: 1080 },
    ...over,
  },
  clips,
});
const CLIPS: Cuts["clips"] = [
  { name: "01 How bees talk", title: "How bees talk", segments: [{ start: 10, end: 40 }] },
  {
    ...{ name: "02 Tightened", title: "Tightened" },
    segments: Array.from({ length: 17 }, (_, at) => ({ start: 100 + at * 3.37, end: 102.01 + at * 3.37 })),
  },
];
const RATES = [null, 12, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 119.88, 1e9, Number.NaN, -1];
const HOSTILE = [
  '"/><script>alert(1)</script>&amp;]]>',
  "line\r\n002  AX       V     C        00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00",
  "\u0000\u0008\u001b[31m\u2028\ufffe\ud800",
  "<!--%--><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
  "كيف 😀 蜜蜂",
  "x".repeat(5000),
];
const lengthOf = (clip: Cuts["clips"][number]) =>
  clip.segments.reduce((sum, { start, end }) => sum + end - start, 0);

test.each([
  [null, 30],
  [23.98, 24_000 / 1001],
  [23.976, 24_000 / 1001],
  [24, 24],
  [29.97, 30_000 / 1001],
  [30, 30],
  [30.02, 30],
  [24.9, 25],
  [15, 30],
  [12.5, 25],
  [14.985, 30_000 / 1001],
  [26.5, 30_000 / 1001],
  [59.94, 60_000 / 1001],
  [120, 60],
])("a source of %s frames per second is edited at %s", (fps, expected) => {
  expect(perSecond(rateOf(fps))).toBeCloseTo(expected, 9);
});

describe("timecode", () => {
  const ntsc = rateOf(29.97);
  // SMPTE ST 12-1: the numbers 00 and 01 are left out each minute but every tenth
  test.each([
    [0, "00:00:00;00"],
    [1799, "00:00:59;29"],
    [1800, "00:01:00;02"],
    [3597, "00:01:59;29"],
    [3598, "00:02:00;02"],
    [17_981, "00:09:59;29"],
    [17_982, "00:10:00;00"],
    [107_892, "01:00:00;00"],
  ])("of frame %i at 29.97 is %s", (frame, expected) => {
    expect(timecode(frame, ntsc)).toBe(expected);
  });
  test.each([
    [3599, "00:00:59;59"],
    [3600, "00:01:00;04"],
    [35_964, "00:10:00;00"],
  ])("of frame %i at 59.94 is %s", (frame, expected) => {
    expect(timecode(frame, rateOf(59.94))).toBe(expected);
  });
  test("names each frame of a day once, and keeps pace with the clock", () => {
    const seen = new Set<string>();
    for (let frame = 0; frame < 20_000; frame++) seen.add(timecode(frame, ntsc));
    expect(seen.size).toBe(20_000);
    for (const fps of [23.976, 24, 25, 29.97, 30, 50, 59.94, 60])
      expect(timecode(frameOf(1, rateOf(fps)), rateOf(fps))).toMatch(/^01:00:00[:;]00$/);
    expect(timecode(frameOf(1, rateOf(23.976)), rateOf(23.976))).toBe("01:00:00:00");
  });
});

/** The frame that has a timecode on it (the other way round than timecode.ts goes: SMPTE ST 12-1). */
function frameAt(text: string, fps: number | null): number {
  const numbers = /^(\d\d):(\d\d):(\d\d)[:;](\d\d)$/.exec(text)?.slice(1).map(Number);
  const [hours = Number.NaN, minutes = 0, seconds = 0, frames = 0] = numbers ?? [];
  const base = Math.round(perSecond(rateOf(fps)));
  const all = hours * 60 + minutes;
  const left = !text.includes(";") ? 0 : (base / 15) * (all - Math.floor(all / 10));
  return (all * 60 + seconds) * base + frames - left;
}

/** A list read back: its events in frames. */
function readEdl(text: string, fps: number | null) {
  const event = /^(\d{3}) {2}([A-Z0-9]{1,8}) +AA\/V {2}C {8}(\S+) (\S+) (\S+) (\S+)$/;
  return text.split("\n").flatMap((line) => {
    const [, number, reel, ...times] = event.exec(line) ?? [];
    return number ? [{ number, reel, times: times.map((one) => frameAt(one, fps)) }] : [];
  });
}

describe("the EDL", () => {
  test("is a CMX 3600 list", () => {
    expect(asEdl(cuts({ fps: 25 }, CLIPS.slice(0, 1)))).toBe(
      [
        "TITLE: A talk on bees",
        "FCM: NON-DROP FRAME",
        "",
        "001  TALK     AA/V  C        00:00:10:00 00:00:40:00 01:00:00:00 01:00:30:00",
        "* FROM CLIP NAME: talk.mp4",
        "* COMMENT: How bees talk",
        "* SOURCE FILE: https://example.com/talk.mp4",
        "",
      ].join("\n"),
    );
    expect(asEdl(cuts({ fps: 29.97 }))).toContain("FCM: DROP FRAME\n");
  });

  test.each([23.976, 25, 29.97, 30, 50, 59.94, 60])(
    "at %s fps has an event for each piece, without gaps, and the length of the clips within a frame",
    (fps) => {
      const events = readEdl(asEdl(cuts({ fps })), fps);
      expect(events).toHaveLength(18);
      for (const [index, { number, times }] of events.entries()) {
        const [from = 0, to = 0, begin = 0, end = 0] = times;
        expect(Number(number)).toBe(index + 1);
        expect(to - from).toBe(end - begin);
        expect(begin).toBe(events[index - 1]?.times[3] ?? frameOf(1, rateOf(fps)));
      }
      const frames = (events[17]?.times[3] ?? 0) - (events[1]?.times[2] ?? 0);
      const second = CLIPS[1];
      if (!second) throw new Error("there is a second clip");
      expect(Math.abs(frames - lengthOf(second) * perSecond(rateOf(fps)))).toBeLessThanOrEqual(1);
    },
  );

  test("a name without a letter that a reel may have is none", () => {
    for (const name of ["蜜蜂.mp4", "", "…"]) expect(asEdl(cuts({ name }))).toContain("001  AX       AA/V");
    expect(asEdl(cuts({ name: "Über-Bienen 2024.final.mov" }))).toContain("001  UBERBIEN AA/V");
  });

  test.each(HOSTILE)("the title %j stays in its comment", (title) => {
    const text = asEdl(
      cuts({ title, name: title, url: null }, [{ ...CLIPS[0], name: "01 x", title } as never]),
    );
    const lines = text.split("\n");
    expect(lines.filter((line) => /^\d{3} /.test(line))).toHaveLength(1);
    for (const line of lines.filter(Boolean)) expect(line).toMatch(/^(TITLE: |FCM: |\* |001 {2})/);
    expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(600);
  });
});

const seconds = (time: string) => {
  const [, above = "0", below = "1"] = /^(\d+)(?:\/(\d+))?s$/.exec(time) ?? [];
  return Number(above) / Number(below);
};
const attributes = (tag: string) =>
  Object.fromEntries([...tag.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
const tags = (xml: string, name: string) =>
  [...xml.matchAll(new RegExp(`<${name}( [^>]*?)?/?>`, "g"))].map(([tag]) => attributes(tag));

const hasPython = spawnSync("python3", ["-c", "import xml.dom.minidom"]).status === 0;
/** What a parser that is not ours reads out of the document: names of elements, and the attribute `name` of each. */
function parsed(documents: string[]): [string, string | null][][] {
  const script =
    "import sys,json,xml.dom.minidom\nprint(json.dumps([[[n.tagName,n.getAttribute('name') or None] for n in xml.dom.minidom.parseString(d.encode()).getElementsByTagName('*')] for d in json.load(sys.stdin)]))";
  const { stdout, stderr } = spawnSync("python3", ["-c", script], {
    ...{ input: JSON.stringify(documents), encoding: "utf8", maxBuffer: 1 << 26 },
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describe("the FCPXML", () => {
  test.each(RATES)("at %s fps has a project for each clip, of its length within a frame", (fps) => {
    const xml = asFcpxml(cuts({ fps }));
    const [own, upright] = tags(xml, "format");
    const frame = seconds(own?.frameDuration ?? "");
    expect(1 / frame).toBeCloseTo(perSecond(rateOf(fps)), 9);
    expect(upright).toMatchObject({ width: "1080", height: "1920" });
    const [asset] = tags(xml, "asset");
    const sequences = xml.split("<sequence ").slice(1);
    expect(sequences).toHaveLength(2);
    for (const [index, text] of sequences.entries()) {
      const clips = tags(text, "asset-clip");
      const length = seconds(attributes(text.slice(0, text.indexOf(">"))).duration ?? "");
      expect(Math.abs(length - lengthOf(CLIPS[index] as never))).toBeLessThanOrEqual(frame);
      let at = 0;
      for (const { offset = "", start = "", duration = "" } of clips) {
        expect(seconds(offset)).toBeCloseTo(at, 9);
        at += seconds(duration);
        for (const time of [offset, start, duration])
          expect(Math.abs(seconds(time) / frame - Math.round(seconds(time) / frame))).toBeLessThan(1e-6);
        expect(seconds(start) + seconds(duration)).toBeLessThanOrEqual(seconds(asset?.duration ?? "") + 1e-9);
      }
      expect(at).toBeCloseTo(length, 9);
    }
  });

  test("names its source, and where nobody knows where that is, its name alone", () => {
    expect(tags(asFcpxml(cuts()), "media-rep")).toEqual([
      { kind: "original-media", src: "https://example.com/talk.mp4" },
    ]);
    const [media] = tags(asFcpxml(cuts({ url: null, name: "a b&c.mp4" })), "media-rep");
    expect(media?.src).toBe("file:///a%20b%26c.mp4");
  });

  test.skipIf(!hasPython)("is well-formed XML whatever anything is called (needs python3)", () => {
    const documents = HOSTILE.map((title) =>
      asFcpxml(
        cuts({ title, name: title, url: `https://example.com/?a=1&b=${encodeURI("<>")}` }, [
          { name: title, title, segments: [{ start: 1, end: 2 }] },
        ]),
      ),
    );
    const read = parsed([asFcpxml(cuts()), asFcpxml(cuts({}, [])), ...documents]);
    const names = ["fcpxml", "resources", "format", "format", "asset", "media-rep", "library", "event"];
    expect(read[1]?.map(([name]) => name)).toEqual(names);
    for (const elements of read.slice(2))
      expect(elements.map(([name]) => name)).toEqual([
        ...[...names, "project", "sequence", "spine", "asset-clip", "adjust-conform"],
      ]);
    expect(read[2]?.find(([name]) => name === "project")?.[1]).toBe(HOSTILE[0]);
  });
});

describe("the OTIO", () => {
  test.each(RATES)("at %s fps has picture and sound of all clips, of their length within a frame", (fps) => {
    const timeline = JSON.parse(asOtio(cuts({ fps })));
    expect([timeline.OTIO_SCHEMA, timeline.tracks.OTIO_SCHEMA]).toEqual(["Timeline.1", "Stack.1"]);
    const rate = perSecond(rateOf(fps));
    for (const track of timeline.tracks.children) {
      expect(track.OTIO_SCHEMA).toBe("Track.1");
      expect(track.children).toHaveLength(18);
      const frames = track.children.map(
        (clip: { source_range: { duration: { value: number; rate: number } } }) => {
          expect(clip.source_range.duration.rate).toBe(rate);
          return clip.source_range.duration.value;
        },
      );
      const all = CLIPS.reduce((sum, clip) => sum + lengthOf(clip), 0);
      const sum = frames.reduce((before: number, one: number) => before + one, 0);
      expect(Math.abs(sum - all * rate)).toBeLessThanOrEqual(2); // a frame for each clip
    }
    expect(timeline.tracks.children.map(({ kind }: { kind: string }) => kind)).toEqual(["Video", "Audio"]);
  });

  test("refers to its source and marks where each clip begins", () => {
    const [video] = JSON.parse(asOtio(cuts())).tracks.children;
    expect(video.children[0]).toMatchObject({
      OTIO_SCHEMA: "Clip.2",
      name: "01 How bees talk",
      active_media_reference_key: "DEFAULT_MEDIA",
      media_references: {
        DEFAULT_MEDIA: { OTIO_SCHEMA: "ExternalReference.1", target_url: "https://example.com/talk.mp4" },
      },
      markers: [{ OTIO_SCHEMA: "Marker.2", name: "01 How bees talk" }],
    });
    expect(video.children.flatMap(({ markers }: { markers: unknown[] }) => markers)).toHaveLength(2);
  });

  test.each(HOSTILE)("the title %j is text in it", (title) => {
    const timeline = JSON.parse(asOtio(cuts({ title, name: title })));
    expect(timeline.name).toBe(title.toWellFormed());
  });
});

test("a piece shorter than half a frame is left out, and a clip of nothing else too", () => {
  const clip = {
    ...{ name: "01 x", title: "x" },
    segments: [
      { start: 1, end: 1.001 },
      { start: 3, end: 2 },
    ],
  };
  expect(readEdl(asEdl(cuts({}, [clip])), 29.97)).toEqual([]);
  expect(asFcpxml(cuts({}, [clip]))).not.toContain("<project");
});
