import { expect, test } from "vitest";
import { logText } from "./job-log.ts";

test("a log is copied line by line, with what is known of each", () => {
  const at = "2026-01-01T12:00:00.000Z";
  expect(
    logText([
      { at, epoch: null, stage: null, level: "info", text: "The job was made." },
      { at, epoch: 2, stage: "RENDER", level: "warn", text: "No glyph for one letter." },
    ]),
  ).toBe(`${at} info The job was made.\n${at} warn RENDER #2 No glyph for one letter.`);
});
