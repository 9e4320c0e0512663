import type { JobId } from "@kangklip/contract";
import { useState } from "react";
import { keepJobToken } from "../lib/job-token.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";

/** Tries a pasted job token on the API and keeps it if it opens the job. */
export function useTokenBox(jobId: JobId) {
  const utils = trpc.useUtils();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function open(text: string) {
    const token = text.trim();
    setBusy(true);
    const wrong = await refusalOf(token);
    setBusy(false);
    setProblem(wrong);
    if (wrong) return;
    keepJobToken(jobId, token);
    await utils.invalidate();
  }

  async function refusalOf(jobToken: string): Promise<Problem | null> {
    if (!/^[\x21-\x7e]+$/.test(jobToken))
      return { code: "UNAUTHORIZED", message: "That is not a job token", action: PASTE, retryable: false };
    try {
      await utils.client.jobs.results.query({ job_id: jobId }, { context: { jobToken, alone: true } });
      return null;
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === "CONFLICT") return null; // the token is looked at first: it is right, the job is not done yet
      return problem.code === "UNAUTHORIZED"
        ? { ...problem, message: "This token does not open this job", action: PASTE }
        : problem;
    }
  }
  return { open, busy, problem };
}

const PASTE = "Copy the whole job_token that was given when the job was made, and paste it here.";
