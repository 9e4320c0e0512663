import type { SourcePreview } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useEffect, useRef, useState } from "react";
import { checkAddress } from "../lib/job-form.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";
import { useSystem } from "./use-system.ts";

/** Long enough that nobody is asked about half an address. */
const TYPING_MS = 600;
const FRESH_MS = 10 * 60_000;

export type Looked =
  | { state: "none" }
  | { state: "looking" }
  | { state: "found"; preview: SourcePreview }
  | { state: "cannot"; problem: Problem };

/**
 * Looks at what an address leads to, a moment after it was typed; a look that is under way ends where the address changes. Nothing is asked
 * where the installation cannot look. `soon`: the next change is whole (it was pasted); `now`: the address is whole as it is.
 */
export function useInspect(address: string) {
  const t = useTranslations();
  const able = useSystem().data?.inspect === true;
  const text = address.trim();
  const good = text !== "" && checkAddress(t, text) === null;
  const [settled, setSettled] = useState<string | null>(null);
  const whole = useRef(address !== ""); // what comes with the page is

  useEffect(() => {
    const wait = whole.current ? 0 : TYPING_MS;
    whole.current = false;
    if (!good) return;
    const timer = setTimeout(() => setSettled(text), wait);
    return () => clearTimeout(timer);
  }, [text, good]);

  const asked = able && good && settled === text;
  const look = trpc.jobs.inspect.useQuery(
    { video_url: text },
    {
      enabled: asked,
      retry: false,
      staleTime: FRESH_MS,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      trpc: { abortOnUnmount: true, context: { alone: true } }, // it may take seconds: others must not wait for it
    },
  );
  return {
    looked: lookedOf(asked, look),
    again: () => void look.refetch(),
    soon() {
      whole.current = true;
    },
    now() {
      if (good) setSettled(text);
    },
  };
}

function lookedOf(
  asked: boolean,
  { data, error, isFetching }: { data: SourcePreview | undefined; error: unknown; isFetching: boolean },
): Looked {
  if (!asked) return { state: "none" };
  if (data) return { state: "found", preview: data };
  if (error && !isFetching) return { state: "cannot", problem: problemOf(error) };
  return { state: "looking" };
}
