import { type Cuts, type FrameRate, oneLine, perSecond, piecesOf, rateOf } from "./timeline.ts";

const HOUR_SECONDS = 3600;

/** Whether timecode of this rate leaves numbers out so that it keeps pace with the clock (SMPTE ST 12-1). */
const dropsFrames = ({ frames, seconds }: FrameRate) =>
  seconds === 1001 && (frames === 30_000 || frames === 60_000);

/**
 * The timecode of a frame: "01:00:00:00", with ";" before the frames where some numbers are left out: at 29.97 the first two of each minute but
 * every tenth, at 59.94 the first four.
 */
export function timecode(frame: number, rate: FrameRate): string {
  const base = Math.round(perSecond(rate));
  let number = frame;
  const drops = dropsFrames(rate);
  if (drops) {
    const left = base / 15;
    const perMinute = base * 60 - left;
    const perTenMinutes = base * 600 - 9 * left;
    const rest = frame % perTenMinutes;
    number += Math.floor(frame / perTenMinutes) * 9 * left;
    if (rest >= base * 60) number += left * (1 + Math.floor((rest - base * 60) / perMinute));
  }
  const two = (value: number) => String(value).padStart(2, "0");
  const seconds = Math.floor(number / base);
  const hours = Math.floor(seconds / 3600) % 24;
  const clock = [hours, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${clock}${drops ? ";" : ":"}${two(number % base)}`;
}

/** The frame that has this timecode on it. */
export function frameOf(hours: number, rate: FrameRate): number {
  const base = Math.round(perSecond(rate));
  const minutes = hours * 60;
  const left = dropsFrames(rate) ? (base / 15) * (minutes - Math.floor(minutes / 10)) : 0;
  return hours * HOUR_SECONDS * base - left;
}

/** Eight capital letters and digits are all that a reel may be called; "AX" is what every program takes for "no tape". */
const reelOf = (name: string) =>
  name
    .replace(/\.[^.]*$/, "")
    .normalize("NFKD")
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "")
    .slice(0, 8) || "AX";

/**
 * A CMX 3600 list: one event for each piece, all clips one after another from 01:00:00:00 on, each named by comments. The source's timecode
 * begins at zero.
 */
export function asEdl({ source, clips }: Cuts): string {
  const rate = rateOf(source.fps);
  const reel = reelOf(source.name);
  const lines = [
    `TITLE: ${oneLine(source.title, 70) || "KangKlip"}`,
    `FCM: ${dropsFrames(rate) ? "DROP FRAME" : "NON-DROP FRAME"}`,
  ];
  let event = 0;
  let begin = frameOf(1, rate);
  for (const clip of clips) {
    const pieces = piecesOf(clip, rate);
    for (const { from, at, frames } of pieces) {
      const times = [from, from + frames, begin + at, begin + at + frames].map((one) => timecode(one, rate));
      const number = String(++event).padStart(3, "0");
      lines.push(
        "",
        `${number}  ${reel.padEnd(8)} AA/V  C        ${times.join(" ")}`,
        `* FROM CLIP NAME: ${oneLine(source.name, 120)}`,
        `* COMMENT: ${oneLine(clip.title, 120) || clip.name}`,
        ...(source.url ? [`* SOURCE FILE: ${oneLine(source.url, 500)}`] : []),
      );
    }
    begin += pieces.reduce((sum, { frames }) => sum + frames, 0);
  }
  return `${lines.join("\n")}\n`;
}
