import type { JobId } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { keepJobToken } from "../lib/job-token.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";

/** Tries a pasted job token on the API and keeps it if it opens the job. */
export function useTokenBox(jobId: JobId) {
  const t = useTranslations();
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
    if (!/^[\x21-\x7e]+$/.test(jobToken)) return mine(t("money.token.none"));
    try {
      await utils.client.jobs.results.query({ job_id: jobId }, { context: { jobToken, alone: true } });
      return null;
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === "CONFLICT") return null; // the token is looked at first: it is right, the job is not done yet
      return problem.code === "UNAUTHORIZED" ? mine(t("money.token.wrong")) : problem;
    }
  }
  /** What a paste went wrong by, in the page's own words. */
  const mine = (message: string): Problem => ({
    code: "UNAUTHORIZED",
    message,
    from: "page",
    action: t("money.token.paste"),
    retryable: false,
  });
  return { open, busy, problem };
}
