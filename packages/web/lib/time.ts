import type { Translate } from "../i18n/translate.ts";

/** A place in a video, from seconds: "2:05", "1:02:05". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A place in a video to the tenth, from seconds: "2:05.4". */
export function fineClock(seconds: number): string {
  const tenths = Math.max(0, Math.round(seconds * 10));
  return `${clock(Math.floor(tenths / 10))}.${tenths % 10}`;
}

/** Seconds from a place in a video as people write it ("2:05.4", "1:02:05", "125,4"); null where it is none. */
export function parseClock(text: string): number | null {
  const match = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(text.trim().replace(",", "."));
  if (!match) return null;
  const [, hours = "0", minutes = "0", seconds = "0"] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** How long something takes, from seconds, as the reader's language says it: "8 s", "2 min 5 s", "1 h 3 min". */
export function spanText(t: Translate, seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return t("common.span.seconds", { seconds: whole });
  const all = Math.floor(whole / 60);
  const [hours, minutes] = [Math.floor(all / 60), all % 60];
  if (hours > 0)
    return minutes ? t("common.span.hoursMinutes", { hours, minutes }) : t("common.span.hours", { hours });
  return whole % 60
    ? t("common.span.minutesSeconds", { minutes, seconds: whole % 60 })
    : t("common.span.minutes", { minutes });
}

/** A time to come, from seconds, no finer than anybody can know it: "a few seconds", "about 40 s", "about 3 min". */
export function roughSpanText(t: Translate, seconds: number): string {
  if (seconds < 8) return t("common.roughly.soon");
  if (seconds < 55) return t("common.roughly.seconds", { seconds: Math.ceil(seconds / 10) * 10 });
  if (seconds < 3300) return t("common.roughly.minutes", { minutes: Math.max(1, Math.round(seconds / 60)) });
  return t("common.roughly.hours", { hours: Math.max(1, Math.round(seconds / 3600)) });
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A size, from bytes, in the units file managers show: "640 kB", "12.4 MB", "2 GB". */
export function sizeText(t: Translate, bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit < 2 || value >= 100 ? 0 : 1;
  return t(`common.size.${UNITS[unit] ?? "TB"}`, { value: Number(value.toFixed(digits)) });
}

/** Milliseconds between two ISO 8601 times, never below zero: two machines' clocks may disagree. */
export const sinceMs = (from: string, untilMs: number) => Math.max(0, untilMs - Date.parse(from));
