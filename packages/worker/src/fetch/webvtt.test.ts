import { expect, test } from "vitest";
import { joinVtt } from "./webvtt.ts";

test("segments become one text: shared cues once, styles and settings dropped, in order", () => {
  const shared = "00:05.000 --> 00:07.000 align:start position:0%\nover the edge\n";
  const joined = joinVtt(
    [
      `WEBVTT\n\nSTYLE\n::cue { color: red }\n\nNOTE hello\n\n1\n00:01.000 --> 00:02.500\nfirst\nline two\n\n${shared}`,
      `\uFEFFWEBVTT\r\n\r\n${shared}\r\n01:00:08.000 --> 01:00:09.000\r\nlast\r\n`,
    ],
    0,
  );
  expect(joined).toBe(
    "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nfirst\nline two\n\n00:00:05.000 --> 00:00:07.000\nover the edge\n\n01:00:08.000 --> 01:00:09.000\nlast\n",
  );
});

test("a segment's clock is mapped to the stream's, whose first sample is time 0", () => {
  const segment =
    "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n00:00:02.000 --> 00:00:03.000\nhi\n";
  expect(joinVtt([segment], 10.5)).toContain("00:00:01.500 --> 00:00:02.500\nhi");
  const turned = segment.replace("MPEGTS:900000,LOCAL:00:00:00.000", "LOCAL:00:00:01.000,MPEGTS:990000");
  expect(joinVtt([turned], 10.5)).toContain("00:00:01.500 --> 00:00:02.500\nhi");
});

test("cues that end before they begin, or before the video does begin, are left out", () => {
  const late = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n00:00:01.000 --> 00:00:02.000\ngone\n";
  expect(joinVtt([late, "WEBVTT\n\n00:03.000 --> 00:02.000\nbackwards\n"], 10)).toBe("WEBVTT\n");
});
