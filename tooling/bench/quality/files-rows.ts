import { SILENCE_LUFS, TARGET_LUFS } from "../../../packages/worker/src/media/loudness.ts";
import { holds } from "../target.ts";
import type { MeasuredClip, MeasuredFile } from "./files.ts";
import type { Same } from "./files-same.ts";
import type { QualityRow } from "./report.ts";

/** What the checks of one file mean, for a row that counts the clips that miss them. */
const FILE_CHECKS: Readonly<Record<string, string>> = {
  "V1.codec": "clips that are not H.264 High in 4:2:0",
  "V1.colours": "clips whose colours are not marked as BT.709 (primaries, transfer, matrix, range)",
  "V1.size": "clips of another size",
  "V1.pixel_shape": "clips whose pixels are not square",
  "V1.upright": "clips that a player is told to turn",
  "V1.rate": "clips whose pictures do not follow each other evenly",
  "V1.keyframes": "clips with more than 2 s between key frames",
  "V1.sound": "clips whose sound is not AAC in stereo at 48 kHz",
  "V1.moov": "clips that cannot play before they are there whole (own walk over the boxes: mdat before moov)",
  "V1.tags": "clips that carry tags of the original or of the encoder",
};

/** The rows of A1 to A3, V1 and V2; every figure is the worst one of all clips, or a count of them. */
export function fileRows(clips: readonly MeasuredClip[], same: Same): QualityRow[] {
  const heard = clips.filter(({ isHeard }) => isHeard);
  const unheard = clips.filter(({ isHeard, ours }) => !isHeard && ours.loudness.integrated > -Infinity);
  const long = heard.filter(({ source }) => source.name === "soft-and-loud");
  return [
    worst(
      "A1.integrated",
      "LU away from −14 LUFS, of the clip that is farthest away",
      "LU",
      "≤ 1",
      heard,
      (file) => Math.abs(file.loudness.integrated - TARGET_LUFS),
    ),
    worst(
      "A1.peak",
      "highest true peak of all clips, measured on the encoded AAC",
      "dBTP",
      "≤ -1",
      heard,
      (file) => file.loudness.truePeak,
    ),
    worst(
      "A1.range",
      "from soft to loud, of a clip of 24 s that has both in turns",
      "LU",
      "≤ 11",
      long,
      (file) => file.loudness.range,
    ),
    worst(
      "A1.silence",
      "loudness of what was silent or hiss before: it is not made louder",
      "LUFS",
      `≤ ${SILENCE_LUFS}`,
      unheard,
      (file) => Math.max(-70, file.loudness.integrated),
    ),
    worst(
      "A2.step",
      "largest step from one sample to the next at a join, of a tone of 100 Hz at −14 LUFS",
      "dBFS",
      "≤ -40",
      clips,
      (file) => file.stepDbfs,
    ),
    worst("A3.start", "latest start of picture or sound", "ms", "≤ 2", clips, checked("A3.start", 1000)),
    worst(
      "A3.ends",
      "most time between the ends of picture and sound",
      "ms",
      "≤ 40",
      clips,
      checked("A3.ends", 1000),
    ),
    worst(
      "A3.offset",
      "most time by which a beep is moved against its flash: variable rates, edit lists, negative starts, transport streams among the sources",
      "ms",
      "≤ 20",
      clips,
      (file) => (file.offsetMs === null ? null : Math.abs(file.offsetMs)),
    ),
    counted(
      "V1.useless",
      "clips without a picture or a sound, or shorter than they were cut",
      clips,
      ({ useless }) => useless !== null,
    ),
    ...Object.entries(FILE_CHECKS).map(([id, what]) =>
      counted(
        id,
        what,
        clips,
        ({ checks }) => checks?.some((check) => check.id === id && !check.pass) ?? true,
      ),
    ),
    worst(
      "V1.duration",
      "most time that a clip is longer or shorter than it was cut",
      "s",
      "≤ 0.1",
      clips,
      checked("V1.duration"),
    ),
    worst("V1.bytes", "largest clip, MB per 45 s", "MB", "≤ 30", clips, checked("V1.bytes")),
    gate("V1.errors", "places in all clips that cannot be decoded cleanly", "errors", clips),
    gate("V1.black", "seconds of all clips that are black where the source is not", "s", clips),
    gate("V1.frozen", "seconds of all clips that stand still where the source moves", "s", clips),
    gate(
      "C1.seen_outside",
      "pixels of captions outside the safe box, looked for in the pictures themselves",
      "px",
      clips,
    ),
    gate("C8.unseen", "pictures that lack the caption that is due", "pictures", clips),
    {
      ...{
        id: "V1.degraded",
        what: "clips that the gate would hand out as degraded",
        unit: "clips",
        original: null,
      },
      originalWhy: "1.x measures no clip",
      ...limited(clips.filter(({ qc }) => qc.verdict !== "ok").length, "= 0"),
    },
    {
      ...{ id: "V2.frames", unit: "frames", original: same.original },
      what: `of ${same.frames} frames those that differ between two processes with the same EDL, tools and number of threads (framemd5)`,
      ...limited(same.ours, "= 0"),
    },
    {
      ...{
        id: "V2.threads",
        unit: "frames",
        original: null,
        value: same.otherThreads,
        target: "told",
        pass: true,
      },
      originalWhy: "not measured",
      what: "the same with one thread in place of two: x264 promises nothing here",
    },
  ];
}

const limited = (value: number, target: string) => ({ value, target, pass: holds(value, target) });
const rounded = (value: number) => Math.round(value * 1000) / 1000;

/** The worst figure of all clips; those that have none are left out. */
function worst(
  id: string,
  what: string,
  unit: string,
  target: string,
  clips: readonly MeasuredClip[],
  figure: (file: MeasuredFile) => number | null,
): QualityRow {
  const most = (of: "ours" | "original") => {
    const figures = clips.flatMap((clip) => figure(clip[of]) ?? []);
    return figures.length > 0 ? rounded(Math.max(...figures)) : null;
  };
  const [value, original] = [most("ours"), most("original")];
  return {
    ...{ id, what, value, unit, original, target, pass: value !== null && holds(value, target) },
    ...(original === null && { originalWhy: "its clips have none of this" }),
  };
}

/** A figure of the checks of a file, times `factor`. */
const checked =
  (id: string, factor = 1) =>
  ({ checks }: MeasuredFile): number | null => {
    const value = checks?.find((check) => check.id === id)?.value;
    return value === undefined || value === null ? null : value * factor;
  };

function counted(
  id: string,
  what: string,
  clips: readonly MeasuredClip[],
  isFaulty: (file: MeasuredFile) => boolean,
): QualityRow {
  const [ours, original] = (["ours", "original"] as const).map(
    (of) => clips.filter((clip) => isFaulty(clip[of])).length,
  ) as [number, number];
  return { id, what: `${what}, of ${clips.length}`, unit: "clips", original, ...limited(ours, "= 0") };
}

/** What the gate measured of our clips, all added up. */
function gate(id: string, what: string, unit: string, clips: readonly MeasuredClip[]): QualityRow {
  const sum = clips
    .flatMap(({ qc }) => qc.checks)
    .reduce((total, check) => total + (check.id === id ? (check.value ?? 0) : 0), 0);
  return {
    ...{ id, what, unit, original: null, originalWhy: "measured by the gate, which 1.x has not" },
    ...limited(rounded(sum), "= 0"),
  };
}
