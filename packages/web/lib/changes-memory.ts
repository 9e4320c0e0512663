import type { JobId } from "@kangklip/contract";
import { z } from "zod";
import { Changes } from "./clip-changes.ts";

/** Changes with what they belong to. */
export const Draft = z.object({
  changes: Changes,
  /** The revision that was changed. */
  base: z.int().min(1),
  /** The revision that was asked for with them; null while they are in none. */
  sent: z.int().nullable(),
});
export type Draft = z.infer<typeof Draft>;

const PREFIX = "kk:changes:";
/** Of how many clips changes are kept that nobody came back to. */
const MOST_KEPT = 20;

const keyOf = (jobId: JobId, clipFile: string) => `${PREFIX}${jobId}:${clipFile}`;

/**
 * The changes that are kept of a clip, or null: those of this tab, as each tab has its own, else the last ones of this browser. Neither a
 * reload nor a closed tab loses them.
 */
export function readDraft(jobId: JobId, clipFile: string): Draft | null {
  const key = keyOf(jobId, clipFile);
  return parsed(() => window.sessionStorage.getItem(key)) ?? parsed(() => window.localStorage.getItem(key));
}

function parsed(read: () => string | null): Draft | null {
  try {
    return Draft.parse(JSON.parse(read() ?? "null"));
  } catch {
    return null;
  }
}

/** Keeps them (or with null forgets them); false where the browser keeps nothing: they last as long as the page then. */
export function keepDraft(jobId: JobId, clipFile: string, draft: Draft | null): boolean {
  const key = keyOf(jobId, clipFile);
  try {
    for (const storage of [window.sessionStorage, window.localStorage])
      if (draft) storage.setItem(key, JSON.stringify(draft));
      else storage.removeItem(key);
    if (draft) forgetOldest(key);
    return true;
  } catch {
    return false;
  }
}

/** A job's id begins with its time, so the first names are those of the oldest jobs. */
function forgetOldest(but: string) {
  const names = Object.keys(window.localStorage)
    .filter((name) => name.startsWith(PREFIX) && name !== but)
    .sort();
  for (const name of names.slice(0, Math.max(0, names.length - MOST_KEPT + 1)))
    window.localStorage.removeItem(name);
}
