import type { Qc, QcCheck } from "@kangklip/contract";
import { TARGET_LUFS } from "../media/loudness.ts";

/** What `qc.json` has about a clip. */
export type ClipQc = Omit<Qc["clips"][number], "clip_file">;

/** Names of what was done over, as qc.json has them. */
export type Repair = "regain" | "smaller" | "encoded_again" | "cpu" | "without_captions";

/**
 * "ok" where all checks pass, else "degraded" with one sentence for each that does not.
 * @param told sentences of others (captions without letters) that make a clip degraded, too
 */
export function verdictOf(checks: QcCheck[], repairs: readonly Repair[], told: string[] = []): ClipQc {
  const reasons = [...new Set([...told, ...checks.filter(({ pass }) => !pass).map(reasonOf)])];
  const verdict = reasons.length > 0 ? "degraded" : "ok";
  return { verdict, repairs: [...new Set(repairs)], reasons, checks: checks.map(plainCheck) };
}

/** JSON knows no infinity (the smallest gap where there is none), and nobody needs the tail of a binary fraction. */
const plainCheck = (check: QcCheck): QcCheck => ({
  ...check,
  value: Number.isFinite(check.value) ? Math.round((check.value ?? 0) * 1000) / 1000 : null,
});

/** A number as people read it: one digit behind the point, a real minus. */
const plain = (value: number | null) => `${Math.round((value ?? 0) * 10) / 10}`.replace("-", "−");

const FILE = "The clip's file is not as platforms ask for it:";
const UNREADABLE = "Its captions are not easy to read:";

const REASONS: Readonly<Record<string, (value: number | null) => string>> = {
  "V1.duration": (value) => `The clip is ${plain(value)} s longer or shorter than it was cut.`,
  "V1.errors": (value) =>
    value === null
      ? "The clip's file could not be decoded to its end."
      : `The clip's file has ${plain(value)} places that cannot be decoded cleanly; a player may show faults there.`,
  "V1.black": (value) => `The clip is black for ${plain(value)} s where the video is not.`,
  "V1.frozen": (value) => `The clip's picture stands still for ${plain(value)} s where the video moves.`,
  "V1.codec": () => `${FILE} it is not H.264 High in 4:2:0.`,
  "V1.colours": () => `${FILE} its colours are not marked as BT.709.`,
  "V1.size": () => `${FILE} its picture has another size.`,
  "V1.pixel_shape": () => `${FILE} its pixels are not square.`,
  "V1.upright": () => `${FILE} players are told to turn it.`,
  "V1.rate": () => `${FILE} its pictures do not follow each other evenly.`,
  "V1.keyframes": (value) =>
    `${FILE} a player can jump to a place every ${plain(value)} s only, not every 2 s.`,
  "V1.sound": () => `${FILE} its sound is not AAC in stereo at 48 kHz.`,
  "V1.moov": () => `${FILE} it cannot be played before all of it is there.`,
  "V1.tags": () => `${FILE} it still carries texts of the original.`,
  "V1.bytes": (value) => `The clip's file is large: ${plain(value)} MB per 45 s instead of at most 30.`,
  "V1.preview": () => "The clip's preview is not as it should be.",
  "A1.integrated": (value) =>
    `The sound of this clip is ${(value ?? 0) < TARGET_LUFS ? "quieter" : "louder"} than it should be: ${plain(value)} LUFS instead of ${plain(TARGET_LUFS)}.`,
  "A1.peak": (value) => `The sound of this clip peaks at ${plain(value)} dBTP, above −1: it may crackle.`,
  "A1.range": (value) =>
    `The sound of this clip goes from soft to loud by ${plain(value)} LU, more than 11: its soft parts are easily missed.`,
  "A1.silence": () => "Noise in a silent clip has become louder than it was.",
  "A1.lost": () => "The clip is silent where the video has sound.",
  "A3.start": (value) => `Picture or sound of the clip begins ${plain(value)} s late.`,
  "A3.ends": (value) => `Picture and sound of the clip end ${plain((value ?? 0) * 1000)} ms apart.`,
  "R1.empty": (value) =>
    `Nobody is in the picture for ${plain(value)} % of the time in which the video shows somebody.`,
  "R3.reversals": () => "The picture sways to and fro.",
  "R3.travel": () => "The picture moves a lot although the one who is shown does not.",
  "R3.static": () => "The picture hardly ever rests although the one who is shown does.",
  "R6.head": (value) => `A head is cut off for ${plain(value)} % of the time in which somebody is shown.`,
  "R6.centre": (value) => `The face is at the edge of the picture for ${plain(value)} % of the time.`,
  "R6.eyes": (value) => `The face is too high or too low in the picture for ${plain(value)} % of the time.`,
  "C1.width": () => `${UNREADABLE} a line takes more than four fifths of the width.`,
  "C1.outside": () => "The captions reach to where the apps have their own buttons.",
  "C1.seen_outside": () => "The captions reach to where the apps have their own buttons.",
  "C2.lines": () => `${UNREADABLE} some have too many lines.`,
  "C2.too_long": () => `${UNREADABLE} some lines are too long.`,
  "C3.longest": () => `${UNREADABLE} one stays for more than 3 s.`,
  "C3.too_short": (value) => `${UNREADABLE} ${plain(value)} of them vanish too soon.`,
  "C3.gap": () => `${UNREADABLE} they flicker between two of them.`,
  "C4.highlight": () => "The captions light up words at another time than they are said.",
  "C4.onset": () => "The captions come at another time than their words are said.",
  "C4.overlap": () => `${UNREADABLE} two of them lie over each other.`,
  "C5.too_fast": (value) => `${UNREADABLE} ${plain(value)} of them go too fast.`,
  "C6.words": (value) => `${plain(value)} words are missing from the captions, or stand in the wrong place.`,
  "C7.contrast": () => `${UNREADABLE} their colours lie too close together.`,
  "C8.captions": () => "Something is said in this clip, but it has no captions.",
  "C8.unseen": () => "The clip's captions cannot be seen in its picture.",
  "C9.structure": () => "The captions' file holds lines that are no captions.",
};

function reasonOf({ id, value }: QcCheck): string {
  return REASONS[id]?.(value) ?? `${id} does not hold.`;
}

/** Checks of which a reason is known; the others would be told by their number. */
export const KNOWN_CHECKS: readonly string[] = Object.keys(REASONS);
