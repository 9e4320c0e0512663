import { createHash } from "node:crypto";

/** What an entry is found by: the stage's name and the sha256 of all that determines its result. */
export interface EntryKey {
  stage: string;
  sha256: string;
}

/**
 * The key of a result. Only this hash is ever in a name, for inputs may hold addresses with tokens.
 * @param inputs everything that the result depends on, as JSON; in which order its fields were set does not matter.
 */
export function keyOf(stage: string, inputs: unknown): EntryKey {
  return {
    stage,
    sha256: createHash("sha256")
      .update(canonical([stage, inputs]))
      .digest("hex"),
  };
}

/** JSON with sorted keys; what is undefined is left out, as JSON does. @throws TypeError for what JSON does not know */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === "bigint" || typeof one === "function" || typeof one === "symbol")
      throw new TypeError(`A key cannot hold a ${typeof one}`);
    if (typeof one !== "object" || one === null || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
