export interface Limits {
  min: number;
  max: number;
}

/** What a target allows; null where it sets no limit. Pure. */
export function limitsOf(target: string): Limits | null {
  const numbers = Array.from(target.replaceAll("−", "-").matchAll(/-?\d+(?:\.\d+)?/g), ([text]) =>
    Number(text),
  );
  const [first, second] = numbers;
  if (first === undefined) return null;
  if (target.startsWith("≤")) return { min: Number.NEGATIVE_INFINITY, max: first };
  if (target.startsWith("≥")) return { min: first, max: Number.POSITIVE_INFINITY };
  if (/^=?\s*[-\u2212]?[\d.]+$/.test(target)) return { min: first, max: first };
  if (second === undefined) return null;
  if (target.includes("±")) return { min: first - Math.abs(second), max: first + Math.abs(second) };
  return / to |\.\./.test(target) ? { min: first, max: Math.abs(second) } : null;
}

/** Whether a figure is what its target wants; true where that is no limit. Pure. */
export function holds(value: number, target: string): boolean {
  const limits = limitsOf(target);
  return !limits || (value >= limits.min - SAME_WITHIN && value <= limits.max + SAME_WITHIN);
}

/** Figures are printed, and compared, to so many decimals; what differs less is the same. */
export const SAME_WITHIN = 1e-6;
