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

const keyOf = (jobId: JobId, clipFile: string) => `kk:changes:${jobId}:${clipFile}`;

/** The changes that this tab has kept of a clip, or null. A reload does not lose them; another tab has its own. */
export function readDraft(jobId: JobId, clipFile: string): Draft | null {
  try {
    return Draft.parse(JSON.parse(window.sessionStorage.getItem(keyOf(jobId, clipFile)) ?? "null"));
  } catch {
    return null;
  }
}

/** Keeps them (or with null forgets them), where the browser keeps anything. */
export function keepDraft(jobId: JobId, clipFile: string, draft: Draft | null): void {
  try {
    if (draft) window.sessionStorage.setItem(keyOf(jobId, clipFile), JSON.stringify(draft));
    else window.sessionStorage.removeItem(keyOf(jobId, clipFile));
  } catch {
    // they last as long as the page
  }
}
