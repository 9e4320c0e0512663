import type { Translate } from "../i18n/translate.ts";

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

/** How long a link still works, from seconds, no finer than it matters: "6 days", "20 hours", "5 minutes". Pure. */
export function leftText(t: Translate, seconds: number): string {
  if (seconds >= 2 * DAY) return t("share.daysLeft", { days: Math.round(seconds / DAY) });
  if (seconds >= 2 * HOUR) return t("share.hoursLeft", { hours: Math.round(seconds / HOUR) });
  return t("share.minutesLeft", { minutes: Math.max(1, Math.round(seconds / MINUTE)) });
}

/** The whole address of a share's path, as one sends it to people. Pure. */
export const shareUrl = (origin: string, path: string): string => new URL(path, origin).href;
