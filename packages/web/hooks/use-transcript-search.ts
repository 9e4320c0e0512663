import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { type Found, findIn, type Sentence, searchText } from "../lib/transcript.ts";

const NONE: readonly Found[] = [];

/** A search in the transcript. @param onGo told which place is looked at, whenever that is another one */
export function useTranscriptSearch(sentences: readonly Sentence[], onGo: (place: Found) => void) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const wanted = useDeferredValue(query);
  const isAsked = wanted.trim() !== "";
  const text = useMemo(() => (isAsked ? searchText(sentences) : null), [sentences, isAsked]);
  const found = useMemo(() => (text ? findIn(text, wanted) : NONE), [text, wanted]);
  const now = found[Math.min(at, found.length - 1)];
  // biome-ignore lint/correctness/useExhaustiveDependencies: a place is gone to once, when it becomes the present one
  useEffect(() => {
    if (now) onGo(now);
  }, [now]);
  return {
    query,
    search(next: string) {
      setQuery(next);
      setAt(0);
    },
    isAsked,
    found,
    /** The place that is looked at, and its number from 1. */
    now,
    number: Math.min(at, found.length - 1) + 1,
    step(by: 1 | -1) {
      if (found.length === 0) return;
      const next = (Math.min(at, found.length - 1) + by + found.length) % found.length;
      setAt(next);
      if (found.length === 1 && now) onGo(now);
    },
  };
}
