import type { QcCheck } from "@kangklip/contract";

/** Figures of ffmpeg and of binary fractions have no more digits than this that mean anything. */
const rounded = (value: number) => Math.round(value * 1000) / 1000;
const EPSILON = 1e-6;

/** A figure that may not be higher than `max`. */
export function atMost(id: string, value: number, max: number, unit: string): QcCheck {
  return { id, value: rounded(value), unit, max, pass: value <= max + EPSILON };
}

/** A figure that may not be lower than `min`. */
export function atLeast(id: string, value: number, min: number, unit: string): QcCheck {
  return { id, value: rounded(value), unit, min, pass: value >= min - EPSILON };
}

/** A figure that lies between two others. */
export function between(id: string, value: number, [min, max]: [number, number], unit: string): QcCheck {
  return { id, value: rounded(value), unit, min, max, pass: value >= min && value <= max };
}
