import type { ShotFrame } from "@kangklip/contract";
import type { Talk } from "../../sample/speech.ts";
import { holds } from "../target.ts";
import { type ClipLook, seenAt } from "./look.ts";
import type { Stretch } from "./original.ts";
import type { QualityRow } from "./report.ts";

/** A finished clip as it was looked at. */
export interface Seen extends ClipLook {
  /** Of the EDL. */
  wanted: number;
  captions: { pixels: number; share: number; seen: number } | null;
  /** Per cent. */
  empty: number;
  /** Per cent; null where nobody knows who speaks when. */
  speaker: number | null;
}

/** The worst of the clips, each figure beside the same of the others. Pure. */
export function talkRows(ours: readonly Seen[], theirs: readonly Seen[]): QualityRow[] {
  const row = (
    id: string,
    what: string,
    unit: string,
    target: string,
    of: (clip: Seen) => number,
    worst: (values: number[]) => number = (values) => Math.max(...values),
  ): QualityRow => {
    const figure = (clips: readonly Seen[]) => {
      const values = clips.map(of).filter((value) => !Number.isNaN(value));
      return values.length > 0 ? rounded(worst(values)) : null;
    };
    const [value, original] = [figure(ours), figure(theirs)];
    return {
      id: `E.${id}`,
      what,
      value,
      unit,
      original,
      target,
      pass: value !== null && holds(value, target),
    };
  };
  const count = (id: string, what: string, isSo: (clip: Seen) => boolean) =>
    row(
      id,
      what,
      "clips",
      "= 0",
      (clip) => Number(!isSo(clip)),
      (values) => values.reduce((a, b) => a + b, 0),
    );
  return [
    row("length", "farthest from the length that the EDL wants", "s", "≤ 0.1", ({ seconds, wanted }) =>
      Math.abs(seconds - wanted),
    ),
    row("loudness", "farthest from -14 LUFS", "LU", "≤ 1", ({ integrated }) => Math.abs(integrated + 14)),
    row("peak", "highest true peak, of the encoded sound", "dBTP", "≤ -1", ({ truePeak }) => truePeak),
    row("range", "widest loudness range", "LU", "≤ 11", ({ range }) => range),
    row(
      "captions",
      "farthest that a caption is drawn outside of the box that apps leave free, of 1080x1920",
      "px",
      "≤ 0",
      ({ captions }) => captions?.pixels ?? Number.NaN,
    ),
    row(
      "captions_share",
      "pictures with captions in which some of it lies outside",
      "%",
      "≤ 0",
      ({ captions }) => captions?.share ?? Number.NaN,
    ),
    row("empty", "pictures without a face although the source has one", "%", "≤ 2", ({ empty }) => empty),
    ...(ours.some(({ speaker }) => speaker === null)
      ? []
      : [
          row(
            "speaker",
            "least time of speech in which the speaker's face is in the picture, shots with people",
            "%",
            "≥ 95",
            ({ speaker }) => speaker ?? Number.NaN,
            (values) => Math.min(...values),
          ),
        ]),
    row("ends", "picture and sound end apart", "ms", "≤ 40", ({ endsApart }) => endsApart * 1000),
    row("start", "latest start of picture or sound", "ms", "≤ 2", ({ startsAt }) => startsAt * 1000),
    count("square", "clips whose pixels are not square", ({ isSquare }) => isSquare),
    count(
      "index",
      "clips whose index comes last, so that a player has to wait for the whole file",
      ({ isMoovFirst }) => isMoovFirst,
    ),
    count("colours", "clips that do not say that their colours are BT.709", ({ isTagged }) => isTagged),
    row("keyframes", "longest time between key frames", "s", "≤ 2", ({ keyframeGap }) => keyframeGap),
    row("size", "largest file, per 45 s", "MB", "≤ 30", ({ bytes, seconds }) => (bytes / 1e6 / seconds) * 45),
  ];
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

/** Middles of the drawn heads, as parts of the picture's width: the sample's shots seat them there. */
const HEADS = {
  wide: { host: 620 / 1920, guest: 1310 / 1920 },
  host: { host: 860 / 1920 },
  guest: { guest: 1070 / 1920 },
};
const LOOKS_PER_SECOND = 10;

/** R2 on the sample talk: the part of the speech, in per cent, in which the middle of the speaker's head is in the picture. Pure. */
export function speakerShare(
  { lines }: Pick<Talk, "lines">,
  { segments, frames, width }: { segments: readonly Stretch[]; frames: readonly ShotFrame[]; width: number },
): number {
  let [offset, spoken, seen] = [0, 0, 0];
  for (const { start, end } of segments) {
    for (let at = start; at < end; at += 1 / LOOKS_PER_SECOND) {
      const line = lines.find(({ startSeconds, endSeconds }) => at >= startSeconds && at < endSeconds);
      if (!line || line.shot === "slide") continue;
      const x = ((HEADS[line.shot] as Partial<Record<string, number>>)[line.speaker] ?? Number.NaN) * width;
      if (Number.isNaN(x)) continue; // somebody who is heard and not shown
      spoken += 1;
      seen += Number(seenAt(frames, at - start + offset).some((box) => x >= box.x && x <= box.x + box.w));
    }
    offset += end - start;
  }
  return (100 * seen) / Math.max(1, spoken);
}
