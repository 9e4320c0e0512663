import type { Changes } from "./clip-changes.ts";

/** What was changed before, the newest last, and what was taken back, the next one to be made again last. */
export interface DraftHistory {
  past: readonly Changes[];
  future: readonly Changes[];
  /** What the last change was about, and when it was made (milliseconds); null: the next one stands alone. */
  last: { about: string; at: number } | null;
}

export const NO_HISTORY: DraftHistory = { past: [], future: [], last: null };

/** Letters of one word, steps of one drag: what follows this soon and is about the same is one change. */
const ONE_CHANGE_MS = 1200;
const MOST_STEPS = 200;

/** What two drafts differ in: "title", "texts 1.00-1.40". */
function aboutOf(before: Changes, after: Changes): string {
  const differ = (one: object, other: object) =>
    [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
      (key) => JSON.stringify(one[key as never]) !== JSON.stringify(other[key as never]),
    );
  return differ(before, after)
    .map((key) => (key === "texts" ? `texts ${differ(before.texts ?? {}, after.texts ?? {})}` : key))
    .join();
}

/** The history after a change. @param at milliseconds, on any clock. Pure. */
export function recorded(
  { past, last }: DraftHistory,
  before: Changes,
  after: Changes,
  at: number,
): DraftHistory {
  const about = aboutOf(before, after);
  const goesOn = last !== null && last.about === about && at - last.at < ONE_CHANGE_MS && past.length > 0;
  return {
    past: goesOn ? past : [...past, before].slice(-MOST_STEPS),
    future: [],
    last: { about, at },
  };
}

/** Takes the last change back: what is there then, and the history after that; null where there is none. Pure. */
export function undone({ past, future }: DraftHistory, present: Changes) {
  const changes = past.at(-1);
  return changes
    ? { changes, history: { past: past.slice(0, -1), future: [...future, present], last: null } }
    : null;
}

/** Makes the change again that was taken back last. Pure. */
export function redone({ past, future }: DraftHistory, present: Changes) {
  const changes = future.at(-1);
  return changes
    ? { changes, history: { past: [...past, present], future: future.slice(0, -1), last: null } }
    : null;
}
