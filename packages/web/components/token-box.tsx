"use client";
import type { JobId } from "@kangklip/contract";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { type FormEvent, useId, useState } from "react";
import { useCreditsOn } from "../hooks/use-credits.ts";
import { useSession } from "../hooks/use-session.ts";
import { useTokenBox } from "../hooks/use-token-box.ts";
import { topupHref } from "../lib/credit-text.ts";
import { ProblemLine } from "./problem-line.tsx";

/** For a job that was started elsewhere: takes its token. */
export function TokenBox({ jobId, wrong, ended }: { jobId: JobId; wrong: boolean; ended: boolean }) {
  const t = useTranslations();
  const { open, busy, problem } = useTokenBox(jobId);
  const [token, setToken] = useState("");
  const creditsOn = useCreditsOn();
  const signedIn = useSession() !== null;
  const inputId = useId();
  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    await open(token);
  }
  return (
    <section className="panel p-5 sm:p-6">
      <h2 className="text-xl">{wrong ? t("job.token.wrong") : t("job.token.missing")}</h2>
      <p className="mt-2 max-w-prose text-soft">
        {ended ? t("job.token.textEnded") : t("job.token.textRunning")}
      </p>
      <form onSubmit={onSubmit} className="mt-4 flex flex-col gap-2 sm:flex-row sm:items-end">
        <div className="min-w-0 flex-1">
          <label htmlFor={inputId} className="mb-2 block font-medium">
            {t("job.token.label")}
          </label>
          <input
            id={inputId}
            dir="ltr"
            className="field"
            autoComplete="off"
            spellCheck={false}
            value={token}
            aria-invalid={problem !== null}
            aria-describedby={problem ? `${inputId}-error` : undefined}
            onChange={(event) => setToken(event.target.value)}
          />
        </div>
        <button type="submit" className="button button-main min-h-13" disabled={busy || token.trim() === ""}>
          {busy ? t("job.token.trying") : t("job.token.open")}
        </button>
      </form>
      {creditsOn && !signedIn && (
        <p className="mt-3">
          {t.rich("job.token.wallet", {
            link: (text) => (
              <Link
                href={topupHref(`/jobs/${jobId}`)}
                className="text-link inline-flex min-h-11 items-center"
              >
                {text}
              </Link>
            ),
          })}
        </p>
      )}
      {problem && (
        <p id={`${inputId}-error`} role="alert" className="mt-3 text-bad">
          <ProblemLine problem={problem} />
        </p>
      )}
    </section>
  );
}
