/** Whether something that a graphics card could do works on this machine, found by trying it. */
export interface Ability {
  /** "OK", or why not: "NO_LIB", "NO_ENGINE", "DRIVER_OLD" … */
  code: string;
  /** The code and one sentence, for the receipt; null where it works. */
  reason: string | null;
}

/** What a program's words mean. */
export type Meaning = readonly [said: RegExp, code: string, sentence: string];

export const WORKS: Ability = { code: "OK", reason: null };
export const lacking = (code: string, sentence: string): Ability => ({
  code,
  reason: `${code}: ${sentence}`,
});

/** The first meaning that fits what a program has said, else its last words as they are. */
export function meaningOf(said: string, meanings: readonly Meaning[]): Ability {
  for (const [pattern, code, sentence] of meanings) if (pattern.test(said)) return lacking(code, sentence);
  const last = said.trim().split("\n").slice(-2).join(" | ");
  return lacking("UNKNOWN", last.slice(0, 200) || "it said nothing");
}

const TICK_MS = 250;

/**
 * Waits for an attempt to use the graphics card, but no longer than `ms`, whatever its process does: one that hangs inside the
 * driver cannot be killed, and its end never comes. Counted in ticks, so that time in which this process itself was kept from
 * running does not count. @throws what `work` throws
 */
export async function withinTime(ms: number, work: Promise<Ability>, what: string): Promise<Ability> {
  let ticks = 0;
  let clock: NodeJS.Timeout | undefined;
  const late = new Promise<Ability>((resolve) => {
    clock = setInterval(() => {
      if (++ticks * TICK_MS >= ms)
        resolve(lacking("NO_ANSWER", `${what} did not answer within ${ms / 1000} s`));
    }, TICK_MS);
  });
  work.catch(() => {}); // it may fail when nobody waits any more
  try {
    return await Promise.race([work, late]);
  } finally {
    clearInterval(clock);
  }
}
