import type { QcCheck } from "@kangklip/contract";
import {
  type ClipSound,
  HIGHEST_PEAK,
  type Loudness,
  RANGE_SECONDS,
  SILENCE_LUFS,
  TARGET_LUFS,
  WIDEST_RANGE,
} from "../media/loudness.ts";
import { atMost, between } from "./check.ts";

/** A1: LU by which a clip may be louder or quieter than the others. */
const TOLERANCE_LU = 1;

/**
 * Loudness of the encoded clip (A1). Sound that was silent in the source is not made louder, and nothing else is asked of it.
 * @param encoded measured on the finished file @param sound what was made of the source
 */
export function soundChecks(
  encoded: Loudness,
  { cut }: Pick<ClipSound, "cut">,
  clipSeconds: number,
): QcCheck[] {
  const wasHeard = cut > SILENCE_LUFS;
  const isHeard = encoded.integrated > SILENCE_LUFS;
  const { integrated, truePeak, range } = encoded;
  if (!wasHeard)
    return [
      isHeard
        ? atMost("A1.silence", integrated, SILENCE_LUFS, "LUFS")
        : { id: "A1.silence", value: null, unit: "LUFS", max: SILENCE_LUFS, pass: true },
    ];
  if (!isHeard) return [atMost("A1.lost", 1, 0, "clips")];
  const target: [number, number] = [TARGET_LUFS - TOLERANCE_LU, TARGET_LUFS + TOLERANCE_LU];
  return [
    between("A1.integrated", integrated, target, "LUFS"),
    atMost("A1.peak", truePeak, HIGHEST_PEAK, "dBTP"),
    ...(clipSeconds >= RANGE_SECONDS ? [atMost("A1.range", range, WIDEST_RANGE, "LU")] : []),
  ];
}
