import type { Qc, QcCheck } from "@kangklip/contract";

/** What is measured, for people, by the ids of docs/quality.md. One that is not here is told by the end of its id. */
const NAMES: Record<string, string> = {
  "A1.integrated": "Loudness",
  "A1.peak": "Loudest peak",
  "A1.range": "From soft to loud",
  "A1.silence": "Noise of a silent clip",
  "A1.lost": "Sound that was lost",
  "A3.start": "Picture or sound begin late by",
  "A3.ends": "Picture and sound end apart by",
  "R1.empty": "Time without the person in the picture",
  "R3.reversals": "Swaying to and fro",
  "R3.travel": "Movement around who sits still",
  "R3.static": "Time at rest with who sits still",
  "R6.head": "Time with a head cut off",
  "R6.centre": "Time with the face at the edge",
  "R6.eyes": "Time with the face too high or low",
  "C1.width": "Widest line",
  "C1.outside": "Beyond the space that apps leave free",
  "C1.seen_outside": "Seen beyond the space that apps leave free",
  "C2.lines": "Lines at once",
  "C2.too_long": "Lines that are too long",
  "C3.longest": "Longest on screen",
  "C3.too_short": "Gone too soon",
  "C3.gap": "Smallest gap",
  "C4.highlight": "Lit word beside its time",
  "C4.onset": "Late or early by",
  "C4.overlap": "Over each other for",
  "C5.too_fast": "Too fast to read",
  "C6.words": "Words missing or out of place",
  "C7.contrast": "Least contrast",
  "C8.captions": "Speech without captions",
  "C8.unseen": "Captions that cannot be seen",
  "C9.structure": "Lines that are no captions",
  "V1.duration": "Longer or shorter than cut by",
  "V1.errors": "Places that cannot be decoded",
  "V1.black": "Black",
  "V1.frozen": "Standing still",
  "V1.codec": "Faults of the H.264",
  "V1.colours": "Faults of the colour marks",
  "V1.size": "Faults of the size",
  "V1.pixel_shape": "Pixels that are not square",
  "V1.upright": "Marks that turn it",
  "V1.rate": "Uneven pace",
  "V1.keyframes": "Longest way to a place to jump to",
  "V1.sound": "Faults of the AAC",
  "V1.moov": "Faults of its order",
  "V1.tags": "Texts of the original",
  "V1.bytes": "Size",
  "V1.preview": "Faults of the preview",
  "V1.cover": "Faults of the cover",
};

const GROUPS: readonly (readonly [string, string])[] = [
  ["A", "Sound"],
  ["R", "Picture"],
  ["C", "Captions"],
  ["V", "File"],
];

const REPAIRS: Record<string, string> = {
  regain: "its loudness was set again",
  smaller: "it was made smaller",
  encoded_again: "it was encoded again",
  cpu: "it was encoded by the processor in place of the graphics card",
  without_captions: "it was rendered without captions",
};

export type QcClip = Qc["clips"][number];

/** What a check measures: "Loudness", or of one that has no name here the end of its id, "Frozen frames". Pure. */
export function checkName(id: string): string {
  const known = NAMES[id];
  if (known) return known;
  const words = id.replace(/^[A-Z]+\d+\./, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A figure as people write it, with two digits that mean something, and a real minus. Pure. */
function figure(value: number): string {
  const size = Math.abs(value);
  const short = size < 0.1 ? value.toPrecision(2) : value.toFixed(size < 10 ? 2 : 1);
  return String(Number(short)).replace("-", "−");
}

/** What a check may be at: "−15 to −13", "at most 40", "1080", "none"; null where there is no bound. Pure. */
function bounds({ min, max }: QcCheck): string | null {
  if (min !== undefined && max !== undefined)
    return min === max ? figure(min) : `${figure(min)} to ${figure(max)}`;
  if (min !== undefined) return `at least ${figure(min)}`;
  if (max === undefined) return null;
  return max === 0 ? "none" : `at most ${figure(max)}`;
}

function valueText({ value, unit, max, min }: QcCheck): string {
  if (value === null) return "could not be measured";
  if (value === 0 && max === 0 && min === undefined) return "none";
  return `${figure(value)}${unit.startsWith(":") ? "" : " "}${unit}`.trimEnd();
}

export interface Measurement {
  id: string;
  name: string;
  /** "−14.1 LUFS" */
  value: string;
  /** "should be −15 to −13"; null where nothing is asked of it, or it is said already. */
  wanted: string | null;
  pass: boolean;
}

function measurement(check: QcCheck): Measurement {
  const { id, pass } = check;
  const [value, wanted] = [valueText(check), bounds(check)];
  return {
    ...{ id, pass, value, name: checkName(id) },
    wanted: wanted === null || wanted === value ? null : `should be ${wanted}`,
  };
}

/** A clip's measurements by what they are about; in each group what is not as it should be comes first. Pure. */
export function measurements({ checks }: QcClip): { title: string; rows: Measurement[] }[] {
  const groupOf = ({ id }: QcCheck) => GROUPS.find(([letter]) => id.startsWith(letter))?.[1] ?? "Other";
  return [...GROUPS.map(([, title]) => title), "Other"]
    .map((title) => ({
      title,
      rows: checks
        .filter((check) => groupOf(check) === title)
        .map(measurement)
        .sort((one, other) => Number(one.pass) - Number(other.pass)),
    }))
    .filter(({ rows }) => rows.length > 0);
}

/** What was done over before the clip was handed out: "its loudness was set again"; null for nothing. Pure. */
export function repairsText({ repairs }: QcClip): string | null {
  if (repairs.length === 0) return null;
  return [...new Set(repairs)].map((repair) => REPAIRS[repair] ?? repair.replaceAll("_", " ")).join(", ");
}
