import type { ClipView, JobId } from "@kangklip/contract";
import { useEffect, useRef, useState } from "react";
import { type Problem, problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";

const ASK_AGAIN_MS = 2000;

export type Unlock =
  | { state: "idle" }
  | { state: "unlocking" }
  /** Another tab, or an earlier click whose answer was lost, is at it. */
  | { state: "elsewhere" }
  | { state: "failed"; problem: Problem };

/** Opens a clip for a credit. A click keeps its id until it is known how it ended, so that asking again never pays again. */
export function useUnlock(jobId: JobId, clip: ClipView) {
  const utils = trpc.useUtils();
  const { mutateAsync } = trpc.clips.unlock.useMutation();
  const [unlock, setUnlock] = useState<Unlock>({ state: "idle" });
  const requestId = useRef<string>(null);
  const left = useRef(false);
  useEffect(() => {
    left.current = false;
    return () => {
      left.current = true;
    };
  }, []);

  async function start() {
    requestId.current ??= freshId();
    setUnlock({ state: "unlocking" });
    while (!left.current) {
      try {
        await mutateAsync({
          job_id: jobId,
          clip_file: clip.clip_file,
          unlock_request_id: requestId.current,
        });
        requestId.current = null;
        await Promise.all([
          utils.jobs.results.invalidate({ job_id: jobId }),
          utils.clips.view.invalidate({ job_id: jobId, clip_file: clip.clip_file }),
          utils.credits.balance.invalidate(),
        ]);
        return setUnlock({ state: "idle" });
      } catch (error) {
        const problem = problemOf(error);
        if (problem.code !== "CONFLICT" || !/in progress/.test(problem.message)) {
          if (problem.code === "INSUFFICIENT_CREDITS") {
            requestId.current = null; // it was refused, so the next click is another one
            void utils.credits.balance.invalidate();
          }
          return setUnlock({ state: "failed", problem });
        }
      }
      setUnlock({ state: "elsewhere" });
      await new Promise((wait) => setTimeout(wait, ASK_AGAIN_MS));
    }
  }
  return { unlock, start };
}

/** 128 bits in hex; `crypto.randomUUID` is missing where the page does not come over https. */
const freshId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
