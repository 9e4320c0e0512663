import { expect, test } from "vitest";
import { planDash } from "./dash.ts";
import { readMpd, secondsOf } from "./mpd.ts";

const base = new URL("https://video.example/a/manifest.mpd");
const mpd = (inside: string, attributes = 'type="static" mediaPresentationDuration="PT10S"') =>
  `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" ${attributes}>${inside}</MPD>`;
const plan = (inside: string, attributes?: string) => planDash(mpd(inside, attributes), base, "auto");
const video = (inside: string) =>
  `<Period><AdaptationSet mimeType="video/mp4"><Representation id="v" bandwidth="1" width="64" height="36">${inside}</Representation></AdaptationSet></Period>`;
const names = (inside: string, attributes?: string) =>
  plan(inside, attributes).video.runs.map(({ parts }) =>
    parts.map(({ address }) => address.replace("https://video.example", "")),
  );

test("a template counts its segments by the period's length", () => {
  const template =
    '<SegmentTemplate timescale="10" duration="40" startNumber="5" initialization="$RepresentationID$/i.mp4" media="$RepresentationID$/$Number%03d$-$Bandwidth$$$.m4s"/>';
  expect(names(video(template))).toEqual([
    ["/a/v/i.mp4", "/a/v/005-1$.m4s", "/a/v/006-1$.m4s", "/a/v/007-1$.m4s"],
  ]);
});

test("a timeline names its segments by time, repeats included, up to the end of the period", () => {
  const template = (lines: string) =>
    `<SegmentTemplate timescale="10" media="$Time$.m4s"><SegmentTimeline>${lines}</SegmentTimeline></SegmentTemplate>`;
  expect(names(video(template('<S t="100" d="20" r="1"/><S d="10"/>')))).toEqual([
    ["/a/100.m4s", "/a/120.m4s", "/a/140.m4s"],
  ]);
  expect(names(video(template('<S t="0" d="40" r="-1"/>')))).toEqual([
    ["/a/0.m4s", "/a/40.m4s", "/a/80.m4s"],
  ]);
});

test("attributes of a template are inherited one by one, base addresses pile up", () => {
  const inside = `<BaseURL>https://cdn.example/root/</BaseURL><Period>
    <SegmentTemplate timescale="1" duration="5" media="$Number$.m4s"/>
    <AdaptationSet contentType="video"><BaseURL>set/</BaseURL><SegmentTemplate startNumber="7"/>
      <Representation id="v" mimeType="video/mp4" height="36" width="64"><BaseURL>one/</BaseURL></Representation>
    </AdaptationSet></Period>`;
  expect(names(inside)).toEqual([
    ["https://cdn.example/root/set/one/7.m4s", "https://cdn.example/root/set/one/8.m4s"],
  ]);
});

test("a list of segments may name ranges of one file; a single file is one piece", () => {
  const list = `<BaseURL>v.mp4</BaseURL><SegmentList timescale="1" duration="5"><Initialization range="0-99"/>
    <SegmentURL mediaRange="100-299"/><SegmentURL media="other.mp4"/></SegmentList>`;
  expect(plan(video(list)).video.runs[0]?.parts).toEqual([
    { address: "https://video.example/a/v.mp4", range: { start: 0, length: 100 }, key: null },
    { address: "https://video.example/a/v.mp4", range: { start: 100, length: 200 }, key: null },
    { address: "https://video.example/a/other.mp4", range: null, key: null },
  ]);
  expect(
    names(
      video(
        '<BaseURL>v.mp4</BaseURL><SegmentBase indexRange="1-2"><Initialization range="0-1"/></SegmentBase>',
      ),
    ),
  ).toEqual([["/a/v.mp4"]]);
});

test("the best picture, the main sound and the captions in its language are chosen", () => {
  const set = (kind: string, attributes: string, inside: string) =>
    `<AdaptationSet mimeType="${kind}" ${attributes}>${inside}</AdaptationSet>`;
  const version = (id: string, attributes = "") =>
    `<Representation id="${id}" ${attributes}><BaseURL>${id}</BaseURL></Representation>`;
  const found = plan(`<Period duration="PT1M2.5S">
    ${set("video/mp4", "", version("2160", 'width="3840" height="2160" bandwidth="9"') + version("720", 'width="1280" height="720" bandwidth="3"') + version("1080", 'width="1920" height="1080" bandwidth="5"'))}
    ${set("audio/mp4", 'lang="de"', version("comment", 'bandwidth="9"'))}
    ${set("audio/mp4", 'lang="en"', `<Role value="main"/>${version("low", 'bandwidth="1"')}${version("high", 'bandwidth="2"')}`)}
    ${set("text/vtt", 'lang="de"', version("de.vtt"))}${set("text/vtt", 'lang="en-US"', version("en.vtt"))}
    ${set("image/jpeg", "", version("thumbs"))}</Period>`);
  expect(found.video.runs[0]?.parts[0]?.address).toBe("https://video.example/a/1080");
  expect(found.audio?.runs[0]?.parts[0]?.address).toBe("https://video.example/a/high");
  expect(found.captions).toMatchObject({
    language: "en-US",
    parts: [{ address: "https://video.example/a/en.vtt" }],
  });
  expect(found).toMatchObject({ height: 1080, durationSeconds: 62.5 });
});

test("how long each piece plays comes along, or where the file says it itself", () => {
  const run = (inside: string) => plan(video(inside)).video.runs[0];
  const timeline = "<SegmentTimeline><S d='20' r='1'/><S d='5'/></SegmentTimeline>";
  expect(
    run(`<SegmentTemplate timescale="10" initialization="i" media="$Time$">${timeline}</SegmentTemplate>`)
      ?.lengths,
  ).toEqual([null, 2, 2, 0.5]);
  expect(run('<SegmentTemplate timescale="10" duration="40" media="$Number$"/>')?.lengths).toEqual([4, 4, 4]);
  const list = '<Initialization range="0-9"/><SegmentURL media="a"/><SegmentURL media="b"/>';
  expect(run(`<SegmentList timescale="2" duration="10">${list}</SegmentList>`)?.lengths).toEqual([
    null,
    5,
    5,
  ]);
  expect(run(`<SegmentList>${list}</SegmentList>`)?.lengths).toBeUndefined();
  const single = (range: string) =>
    run(`<BaseURL>v</BaseURL><SegmentBase ${range}><Initialization range="0-99"/></SegmentBase>`)?.index;
  expect(single('indexRange="100-299"')).toEqual({
    header: { start: 0, length: 100 },
    index: { start: 100, length: 200 },
  });
  expect(single("")).toBeUndefined();
});

test("of several sounds the cheapest is taken that is good enough for ears and clips", () => {
  const chosen = (...bandwidths: number[]) => {
    const versions = bandwidths.map(
      (one) => `<Representation id="${one}" bandwidth="${one}"><BaseURL>${one}</BaseURL></Representation>`,
    );
    const sounds = `<AdaptationSet mimeType="audio/mp4">${versions.join("")}</AdaptationSet></Period>`;
    return plan(video("<BaseURL>v</BaseURL>").replace("</Period>", sounds)).audio?.bandwidth;
  };
  expect(chosen(320_000, 128_000, 48_000, 192_000)).toBe(128_000);
  expect(chosen(32_000, 64_000, 48_000)).toBe(64_000);
});

test("every period is a run of its own, and lasts until the next one begins", () => {
  const period = (start: number) =>
    video(`<BaseURL>${start}.mp4</BaseURL>`).replace("<Period>", `<Period start="PT${start}S">`);
  const found = plan(period(0) + period(4));
  expect(found.video.runs.map(({ durationSeconds }) => durationSeconds)).toEqual([4, 6]);
});

test("the presentation time offset becomes seconds", () => {
  const template =
    '<SegmentTemplate timescale="10" duration="50" presentationTimeOffset="25" media="$Number$"/>';
  expect(plan(video(template)).video.offsetSeconds).toBe(2.5);
});

test.each<[string, string, string, string | undefined]>([
  ["a live one", "SOURCE_LIVE", video("<BaseURL>v</BaseURL>"), 'type="dynamic"'],
  [
    "one without picture",
    "NO_VIDEO",
    '<Period><AdaptationSet mimeType="audio/mp4"><Representation/></AdaptationSet></Period>',
    undefined,
  ],
  ["a protected one", "SOURCE_UNSUPPORTED", video('<ContentProtection schemeIdUri="x"/>'), undefined],
  ["one with linked periods", "SOURCE_UNSUPPORTED", '<Period xlink:href="http://127.0.0.1/" />', undefined],
  ["one without periods", "SOURCE_UNREADABLE", "", undefined],
  ["one that is only text", "SOURCE_UNREADABLE", "<Period>x</Period>", 'type="static"><'],
  [
    "a million repeats",
    "SOURCE_UNREADABLE",
    video(
      '<SegmentTemplate media="$Time$"><SegmentTimeline><S d="1" r="1000000"/></SegmentTimeline></SegmentTemplate>',
    ),
    undefined,
  ],
  [
    "endless segments",
    "SOURCE_UNREADABLE",
    video('<SegmentTemplate timescale="1000000" duration="1" media="$Number$"/>'),
    undefined,
  ],
  [
    "a segment of no length",
    "SOURCE_UNREADABLE",
    video('<SegmentTemplate media="$Time$"><SegmentTimeline><S d="0"/></SegmentTimeline></SegmentTemplate>'),
    undefined,
  ],
  [
    "an unknown length",
    "SOURCE_UNREADABLE",
    video('<SegmentTemplate duration="1" media="$Number$"/>'),
    'type="static"',
  ],
  ["a base that is no address", "SOURCE_UNREADABLE", video("<BaseURL>http://[</BaseURL>"), undefined],
])("%s is refused with %s", (_name, code, inside, attributes) => {
  expect(() => plan(inside, attributes)).toThrow(expect.objectContaining({ code }));
});

test("a manifest with a document type is refused before it is parsed: there are no entities to expand", () => {
  const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${mpd(video("<BaseURL>&b;</BaseURL>"))}`;
  expect(() => readMpd(bomb)).toThrow(expect.objectContaining({ code: "SOURCE_UNREADABLE" }));
  const file = `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>${mpd(video("<BaseURL>&f;</BaseURL>"))}`;
  expect(() => readMpd(file)).toThrow(expect.objectContaining({ code: "SOURCE_UNREADABLE" }));
});

test("deep nesting and names of the prototype do no harm", () => {
  expect(() => readMpd("<MPD>".repeat(5000))).toThrow(expect.objectContaining({ code: "SOURCE_UNREADABLE" }));
  const hostile = mpd('<__proto__ polluted="1"/><constructor polluted="1"/>');
  expect(() => readMpd(hostile)).toThrow(expect.objectContaining({ code: "SOURCE_UNREADABLE" }));
  expect(({} as Record<string, unknown>)["@polluted"]).toBeUndefined();
});

test("an ampersand in an address is decoded", () => {
  expect(names(video("<BaseURL>v.mp4?a=1&amp;b=2</BaseURL>"))).toEqual([["/a/v.mp4?a=1&b=2"]]);
});

test.each([
  ["PT1H2M3.5S", 3723.5],
  ["P1DT1S", 86_401],
  ["PT0S", 0],
  ["P1Y", undefined],
  ["10", undefined],
])("the duration %s is %s seconds", (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});
