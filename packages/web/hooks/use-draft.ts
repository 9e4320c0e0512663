import type { JobId } from "@kangklip/contract";
import { useCallback, useState } from "react";
import { type Draft, keepDraft, readDraft } from "../lib/changes-memory.ts";
import type { Changes } from "../lib/clip-changes.ts";

/** What somebody is changing of a clip; a reload of the tab does not lose it. `found`: whether it was there when the page came. */
export function useDraft(jobId: JobId, clipFile: string) {
  const [draft, setDraft] = useState<Draft | null>(() => readDraft(jobId, clipFile));
  const [found, setFound] = useState(draft !== null);
  const keep = useCallback(
    (next: Draft | null) => {
      keepDraft(jobId, clipFile, next);
      setDraft(next);
    },
    [jobId, clipFile],
  );
  return {
    draft,
    found,
    /** @param base the revision that is changed */
    change(changes: Changes, base: number) {
      setFound(false);
      keep(Object.keys(changes).length === 0 ? null : { changes, base, sent: null });
    },
    /** They are asked for as this revision now; null: nothing came of that. */
    send: (sent: number | null) => draft && keep({ ...draft, sent }),
    /** They belong to this revision from now on. */
    rebase: (base: number) => draft && keep({ ...draft, base }),
    discard: useCallback(() => {
      setFound(false);
      keep(null);
    }, [keep]),
  };
}
