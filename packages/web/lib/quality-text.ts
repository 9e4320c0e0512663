import type { Qc, QcCheck } from "@kangklip/contract";
import type { Translate } from "../i18n/translate.ts";

const GROUPS = ["A", "R", "C", "V"] as const;
const REPAIRS = ["regain", "smaller", "encoded_again", "cpu", "without_captions"] as const;

export type QcClip = Qc["clips"][number];

/** What a check measures, by the ids of docs/quality.md: "Loudness", or of one that has no name here the end of its id, "Frozen frames". Pure. */
export function checkName(t: Translate, id: string): string {
  const key = `clips.quality.name.${id}` as "clips.quality.name.A1.integrated";
  if (/^[A-Z]\d\.[a-z_]+$/.test(id) && t.has(key)) return t(key);
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
function bounds(t: Translate, { min, max }: QcCheck): string | null {
  if (min !== undefined && max !== undefined)
    return min === max ? figure(min) : t("clips.quality.between", { min: figure(min), max: figure(max) });
  if (min !== undefined) return t("clips.quality.least", { min: figure(min) });
  if (max === undefined) return null;
  return max === 0 ? t("clips.quality.zero") : t("clips.quality.most", { max: figure(max) });
}

function valueText(t: Translate, { value, unit, max, min }: QcCheck): string {
  if (value === null) return t("clips.quality.unknown");
  if (value === 0 && max === 0 && min === undefined) return t("clips.quality.zero");
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

function measurement(t: Translate, check: QcCheck): Measurement {
  const { id, pass } = check;
  const [value, wanted] = [valueText(t, check), bounds(t, check)];
  return {
    ...{ id, pass, value, name: checkName(t, id) },
    wanted: wanted === null || wanted === value ? null : t("clips.quality.wanted", { bounds: wanted }),
  };
}

/** A clip's measurements by what they are about; in each group what is not as it should be comes first. Pure. */
export function measurements(t: Translate, { checks }: QcClip): { title: string; rows: Measurement[] }[] {
  const groupOf = ({ id }: QcCheck) => GROUPS.find((letter) => id.startsWith(letter)) ?? "other";
  return [...GROUPS, "other" as const]
    .map((group) => ({
      title: t(`clips.quality.group.${group}`),
      rows: checks
        .filter((check) => groupOf(check) === group)
        .map((check) => measurement(t, check))
        .sort((one, other) => Number(one.pass) - Number(other.pass)),
    }))
    .filter(({ rows }) => rows.length > 0);
}

/** What was done over before the clip was handed out: "its loudness was set again"; null for nothing. Pure. */
export function repairsText(t: Translate, { repairs }: QcClip): string | null {
  if (repairs.length === 0) return null;
  return [...new Set(repairs)]
    .map((repair) => {
      const known = REPAIRS.find((one) => one === repair);
      return known ? t(`clips.quality.repair.${known}`) : repair.replaceAll("_", " ");
    })
    .join(", ");
}
