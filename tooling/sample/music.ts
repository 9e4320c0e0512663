import { RATE, type Talk } from "./speech.ts";

/** A slow run over four chords; half steps above A3 (220 Hz). */
const CHORDS = [
  [0, 7, 12, 16],
  [5, 9, 12, 17],
  [-3, 4, 9, 12],
  [-5, 2, 7, 11],
] as const;
const NOTE_SECONDS = 0.42;
const RING_SECONDS = 1.6;
const FADE_SECONDS = 1.2;
/** Of full scale: where nobody speaks, and where somebody does. */
const ALONE = 0.16;
const UNDER_SPEECH = 0.016;

/**
 * Plucked strings under the opening, under each longer pause and under the end, quiet enough for every word to be heard.
 * @returns mono samples, as long as the talk's, `RATE` per second.
 */
export function composeMusic(talk: Talk): Int16Array {
  const levels = new Float32Array(talk.samples.length);
  for (const part of musicParts(talk)) {
    const [from, to] = [Math.max(0, part.from), Math.min(talk.seconds, part.to)];
    for (let at = Math.ceil(from * RATE); at < to * RATE; at++) {
      const inside = Math.min(at / RATE - from, to - at / RATE) / FADE_SECONDS;
      levels[at] = Math.max(levels[at] ?? 0, part.level * Math.min(1, inside));
    }
  }
  const strings = playStrings(talk);
  return Int16Array.from(levels, (level, at) =>
    Math.max(-32_000, Math.min(32_000, (strings[at] ?? 0) * level * 32_767)),
  );
}

/** Seconds of the talk with music, and how loud. */
function musicParts({ lines, seconds }: Talk): { from: number; to: number; level: number }[] {
  const first = lines[0]?.startSeconds ?? 0;
  const last = lines.at(-1)?.endSeconds ?? seconds;
  const pauses = lines.filter(({ pauseSeconds }) => pauseSeconds >= 1);
  return [
    { from: 0, to: first, level: ALONE },
    { from: last, to: seconds, level: ALONE },
    { from: last - 14, to: seconds, level: UNDER_SPEECH },
    ...pauses.map(({ endSeconds }) => ({ from: endSeconds - 8, to: endSeconds + 9, level: UNDER_SPEECH })),
  ];
}

function playStrings(talk: Talk): Float32Array {
  const music = new Float32Array(talk.samples.length);
  const plucked = new Map<number, Float32Array>();
  for (let note = 0; note * NOTE_SECONDS < talk.seconds; note++) {
    const chord = CHORDS[Math.floor(note / 8) % CHORDS.length] ?? CHORDS[0];
    const step = chord[[0, 2, 1, 3, 2, 1, 3, 2][note % 8] ?? 0] ?? 0;
    const tone = plucked.get(step) ?? pluck(220 * 2 ** (step / 12));
    plucked.set(step, tone);
    const strength = note % 8 === 0 ? 1 : 0.7;
    const from = Math.round(note * NOTE_SECONDS * RATE);
    for (let i = 0; i < Math.min(tone.length, music.length - from); i++)
      music[from + i] = (music[from + i] ?? 0) + strength * (tone[i] ?? 0);
  }
  return music;
}

function pluck(hertz: number): Float32Array {
  return Float32Array.from({ length: RING_SECONDS * RATE }, (_, i) => {
    const t = i / RATE;
    const turn = 2 * Math.PI * hertz * t;
    const tone =
      Math.sin(turn) +
      0.4 * Math.sin(2 * turn) * Math.exp(-3 * t) +
      0.2 * Math.sin(3 * turn) * Math.exp(-6 * t);
    return 0.45 * tone * Math.exp(-2.6 * t) * Math.min(1, t / 0.008);
  });
}
