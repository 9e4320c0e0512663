import { createRandom } from "../../chaos/random.ts";

/** A stream of draws of its own for each name: what one part of the bench draws changes nothing for another. */
export function randomFor(seed: number, name: string) {
  let mixed = seed >>> 0;
  for (const character of name) mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return createRandom(mixed);
}
