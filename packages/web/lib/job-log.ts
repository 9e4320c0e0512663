import type { LogLine } from "@kangklip/contract";

/** A job's log as plain text, to be sent to whoever is asked about it: "2026-01-01T12:00:00.000Z warn RENDER #2 The text." Pure. */
export const logText = (lines: readonly LogLine[]): string =>
  lines
    .map(({ at, level, stage, epoch, text }) =>
      [at, level, stage, epoch === null ? null : `#${epoch}`, text].filter(Boolean).join(" "),
    )
    .join("\n");
