import { open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { Stretch } from "./parts.ts";
import { BYTES_PER_SECOND, RATE } from "./pcm.ts";
import type { DecodedSound } from "./sound.ts";

/**
 * The gate before the recognisers: where nobody speaks, nothing is recognised. The sound map's silences are told by loudness alone, and a
 * voice from the far end of the room is 40 dB under the one at the microphone; so each silence is looked at once more before it is left out.
 * Whatever stands out of it, or has a pitch, stays in: heard in doubt. Music and noise are no silences and always stay in.
 * The figures are our own, tried on synthetic speech down to 45 dB under the loud one, alone and in noise, on tones, hum, rumble and clicks.
 */

/** Shorter silences are not worth a cut. */
const MIN_SECONDS = 1;
/** Levels are compared within at most this much. */
const BLOCK_SECONDS = 60;
const FRAME_SECONDS = 0.02;
const FRAME = Math.round(RATE * FRAME_SECONDS);
/** A high-pass of 130 Hz: rumble and most of a hum are not looked at. */
const HIGH_PASS = 0.95;
/** Quieter than this is nothing, dBFS: the noise of 16 bits lies at -98. */
const INAUDIBLE_DBFS = -72;
/** A frame stands out when it is so much (dB) above the quiet tenth of its block; one with a pitch already when it is a little above. */
const STANDS_OUT_DB = 8;
const PITCHED_DB = 3;
/** Correlation (0..1) of a frame with itself one period later, from which on it has a pitch. */
const PITCHED = 0.5;
/** Of 10 frames in a row (0.2 s) 5 make a voice: a click does not. */
const WINDOW_FRAMES = 10;
const VOICE_FRAMES = 5;
/** So much before and after a voice is heard too. */
const HANGOVER_FRAMES = 10;
/** For the pitch: 4 kHz, periods of 75 to 400 Hz, 40 ms. */
const DECIMATION = 4;
const SHORTEST_PERIOD = 10;
const LONGEST_PERIOD = 53;

/**
 * Where in the sound surely nobody speaks: stretches of at least a second, in order, each within a silence of the sound map.
 * Reads nothing but silences, a minute at a time. @throws the signal's reason
 */
export async function speechlessIn(
  { pcmFile, sound }: Pick<DecodedSound, "pcmFile" | "sound">,
  signal: AbortSignal,
): Promise<Stretch[]> {
  await using gate = await openGate(pcmFile, signal);
  const found: Stretch[] = [];
  for (const silence of sound.silences) found.push(...(await gate.speechlessWithin(silence)));
  return found;
}

/** Opens the samples, to look at one silence after the other. */
export async function openGate(pcmFile: string, signal: AbortSignal) {
  const file = await open(pcmFile);
  const buffer = Buffer.alloc(BLOCK_SECONDS * BYTES_PER_SECOND);
  return {
    /** Of one silence, all of whose samples are there. @throws the signal's reason */
    async speechlessWithin(silence: Stretch): Promise<Stretch[]> {
      const found: Stretch[] = [];
      const length = silence.end - silence.start;
      if (length < MIN_SECONDS) return found;
      const blocks = Math.ceil(length / BLOCK_SECONDS);
      let from = silence.start;
      for (let block = 0; block < blocks; block++) {
        signal.throwIfAborted();
        const start = silence.start + (length * block) / blocks;
        const bytes = 2 * Math.min(buffer.length / 2, Math.round((length / blocks) * RATE));
        const { bytesRead } = await file.read(buffer, 0, bytes, 2 * Math.round(start * RATE));
        for (const voice of voicesIn(new Int16Array(buffer.buffer, buffer.byteOffset, bytesRead >> 1))) {
          const until = start + voice.start;
          if (until - from >= MIN_SECONDS) found.push({ start: from, end: until });
          from = Math.max(from, Math.min(silence.end, start + voice.end));
        }
        await setImmediate(); // a heartbeat must not wait for hours of silence
      }
      if (silence.end - from >= MIN_SECONDS) found.push({ start: from, end: silence.end });
      return found;
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** Where somebody may speak in samples (16 bit, `RATE`) that are quiet as a whole; seconds, in order, apart. */
export function voicesIn(samples: Int16Array): Stretch[] {
  const { levels, low } = filtered(samples);
  const floor = Float64Array.from(levels).sort()[Math.floor(levels.length / 10)] ?? 0;
  const isSuspicious = (frame: number) => {
    const level = levels[frame] ?? floor;
    if (level < INAUDIBLE_DBFS || level < floor + PITCHED_DB) return false;
    return level >= floor + STANDS_OUT_DB || pitchAt(low, frame) >= PITCHED;
  };
  const voices: Stretch[] = [];
  const suspicious = new Uint8Array(levels.length);
  let within = 0; // of the window that ends here
  for (let frame = 0; frame < levels.length; frame++) {
    suspicious[frame] = isSuspicious(frame) ? 1 : 0;
    within += (suspicious[frame] ?? 0) - (suspicious[frame - WINDOW_FRAMES] ?? 0);
    if (within < VOICE_FRAMES) continue;
    const start = Math.max(0, frame - WINDOW_FRAMES + 1 - HANGOVER_FRAMES) * FRAME_SECONDS;
    const end = Math.min(levels.length, frame + 1 + HANGOVER_FRAMES) * FRAME_SECONDS;
    const last = voices.at(-1);
    if (last && start <= last.end) last.end = end;
    else voices.push({ start, end });
  }
  return voices;
}

/** What is above 130 Hz: its level in each frame, dBFS, and its samples at 4 kHz. */
function filtered(samples: Int16Array): { levels: Float64Array; low: Float32Array } {
  const levels = new Float64Array(Math.floor(samples.length / FRAME));
  const low = new Float32Array(Math.floor((levels.length * FRAME) / DECIMATION));
  let before = samples[0] ?? 0;
  let passed = 0;
  for (let frame = 0; frame < levels.length; frame++) {
    let sum = 0;
    for (let at = frame * FRAME; at < (frame + 1) * FRAME; at++) {
      const sample = samples[at] ?? 0;
      passed = HIGH_PASS * (passed + sample - before);
      before = sample;
      sum += passed * passed;
      const place = Math.floor(at / DECIMATION);
      low[place] = (low[place] ?? 0) + passed;
    }
    levels[frame] = 10 * Math.log10(sum / FRAME / 2 ** 30 + 1e-12);
  }
  return { levels, low };
}

/** How much (0..1) a frame, with the one before it, is like itself one period later: at a peak, for rumble is like itself at once. */
function pitchAt(low: Float32Array, frame: number): number {
  const length = (2 * FRAME) / DECIMATION;
  const first = (Math.max(1, frame) - 1) * (FRAME / DECIMATION);
  const likeness = (period: number) => {
    let [product, here, later] = [0, 0, 0];
    for (let at = first; at < first + length - LONGEST_PERIOD; at++) {
      const [a, b] = [low[at] ?? 0, low[at + period] ?? 0];
      product += a * b;
      here += a * a;
      later += b * b;
    }
    return here > 0 && later > 0 ? product / Math.sqrt(here * later) : 0;
  };
  let best = 0;
  let [before, here] = [likeness(SHORTEST_PERIOD - 1), likeness(SHORTEST_PERIOD)];
  for (let period = SHORTEST_PERIOD; period < LONGEST_PERIOD; period++) {
    const after = likeness(period + 1);
    if (here > best && here >= before && here >= after) best = here;
    [before, here] = [here, after];
  }
  return best;
}
