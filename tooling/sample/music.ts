import { RATE, type Talk } from "./speech.ts";

/** A slow run over four chords; half steps above A2 (110 Hz). */
const CHORDS = [
  [0, 7, 12, 16],
  [5, 9, 12, 17],
  [-3, 4, 9, 12],
  [-5, 2, 7, 11],
] as const;
const NOTE_SECONDS = 0.42;
const FADE_SECONDS = 1.2;

/**
 * Plucked strings under the opening, under each longer pause and under the end, quiet enough for every word to be heard.
 * @returns mono samples, as long as the talk's, `RATE` per second.
 */
export function composeMusic(talk: Talk): Int16Array {
  const music = new Float32Array(talk.samples.length);
  for (let note = 0; note * NOTE_SECONDS < talk.seconds; note++) {
    const chord = CHORDS[Math.floor(note / 8) % CHORDS.length] ?? CHORDS[0];
    const step = chord[[0, 2, 1, 3, 2, 1, 3, 2][note % 8] ?? 0] ?? 0;
    pluck(music, note * NOTE_SECONDS, 220 * 2 ** (step / 12), note % 8 === 0 ? 1 : 0.7);
  }
  const parts = musicParts(talk);
  return Int16Array.from(music, (value, index) => {
    const level = Math.max(...parts.map((part) => levelIn(part, index / RATE)));
    return Math.max(-32_000, Math.min(32_000, value * level * 32_767));
  });
}

interface Part {
  from: number;
  to: number;
  level: number;
}

/** Loud before and after the talk, a breath of it around each pause of a second and more. */
function musicParts({ lines, seconds }: Talk): Part[] {
  const first = lines[0]?.startSeconds ?? 0;
  const last = lines.at(-1)?.endSeconds ?? seconds;
  const pauses = lines.filter(({ pauseSeconds }) => pauseSeconds >= 1);
  return [
    { from: 0, to: first, level: 0.16 },
    { from: last, to: seconds, level: 0.16 },
    { from: last - 14, to: seconds, level: 0.016 },
    ...pauses.map(({ endSeconds }) => ({ from: endSeconds - 8, to: endSeconds + 9, level: 0.016 })),
  ];
}

function levelIn({ from, to, level }: Part, seconds: number): number {
  const inside = Math.min(seconds - from, to - seconds) / FADE_SECONDS;
  return level * Math.min(1, Math.max(0, inside));
}

function pluck(music: Float32Array, startSeconds: number, hertz: number, strength: number): void {
  const from = Math.round(startSeconds * RATE);
  const length = Math.min(music.length - from, Math.round(1.6 * RATE));
  for (let i = 0; i < length; i++) {
    const t = i / RATE;
    const turn = 2 * Math.PI * hertz * t;
    const tone =
      Math.sin(turn) +
      0.4 * Math.sin(2 * turn) * Math.exp(-3 * t) +
      0.2 * Math.sin(3 * turn) * Math.exp(-6 * t);
    music[from + i] =
      (music[from + i] ?? 0) + 0.45 * strength * tone * Math.exp(-2.6 * t) * Math.min(1, t / 0.008);
  }
}
