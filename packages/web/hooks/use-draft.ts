import type { JobId } from "@kangklip/contract";
import { useCallback, useState } from "react";
import { type Draft, keepDraft, readDraft } from "../lib/changes-memory.ts";
import type { Changes } from "../lib/clip-changes.ts";
import { NO_HISTORY, recorded, redone, undone } from "../lib/draft-history.ts";

/**
 * What somebody is changing of a clip: neither a reload nor a closed tab loses it, and its changes can be taken back one by one for as long as
 * the page lives. `found`: whether it was there when the page came.
 */
export function useDraft(jobId: JobId, clipFile: string) {
  const [draft, setDraft] = useState<Draft | null>(() => readDraft(jobId, clipFile));
  const [found, setFound] = useState(draft !== null);
  const [isKept, setKept] = useState(draft !== null);
  const [history, setHistory] = useState(NO_HISTORY);
  const keep = useCallback(
    (next: Draft | null) => {
      setKept(keepDraft(jobId, clipFile, next));
      setDraft(next);
    },
    [jobId, clipFile],
  );
  const present: Changes = draft?.changes ?? {};
  function put(changes: Changes, base: number) {
    setFound(false);
    keep(Object.keys(changes).length === 0 ? null : { changes, base, sent: null });
  }
  function step(to: ReturnType<typeof undone>, base: number) {
    if (!to) return;
    setHistory(to.history);
    put(to.changes, base);
  }
  return {
    draft,
    found,
    /** Whether the browser keeps it: private windows may refuse. */
    isKept,
    /** @param base the revision that is changed */
    change(changes: Changes, base: number) {
      setHistory(recorded(history, present, changes, Date.now()));
      put(changes, base);
    },
    /** Takes the last change back, and makes it again; undefined where there is none. */
    undo: history.past.length > 0 ? (base: number) => step(undone(history, present), base) : undefined,
    redo: history.future.length > 0 ? (base: number) => step(redone(history, present), base) : undefined,
    /** They are asked for as this revision now; null: nothing came of that. */
    send: (sent: number | null) => draft && keep({ ...draft, sent }),
    /** They belong to this revision from now on. */
    rebase: (base: number) => draft && keep({ ...draft, base }),
    /** Nothing is changed any more, and there is nothing to take back either. */
    discard: useCallback(() => {
      setFound(false);
      setHistory(NO_HISTORY);
      keep(null);
    }, [keep]),
  };
}
