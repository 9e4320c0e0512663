"use client";
import type { JobId } from "@kangklip/contract";
import Link from "next/link";
import { type FormEvent, useId, useState } from "react";
import { useCreditsOn } from "../hooks/use-credits.ts";
import { useSession } from "../hooks/use-session.ts";
import { useTokenBox } from "../hooks/use-token-box.ts";
import { topupHref } from "../lib/credit-text.ts";

/** For a job that was started elsewhere: takes its token. */
export function TokenBox({ jobId, wrong, ended }: { jobId: JobId; wrong: boolean; ended: boolean }) {
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
      <h2 className="text-xl">
        {wrong
          ? "The token in this browser does not open this job"
          : "This browser does not have this job's token"}
      </h2>
      <p className="mt-2 max-w-prose text-soft">
        {ended ? "Its clips are" : "You can watch it. Its clips, and cancelling it, are"} for whoever has the
        token that was given when the job was made. It is in the storage of the browser that started it, or in
        the answer to the API call.
      </p>
      <form onSubmit={onSubmit} className="mt-4 flex flex-col gap-2 sm:flex-row sm:items-end">
        <div className="min-w-0 flex-1">
          <label htmlFor={inputId} className="mb-2 block font-medium">
            Job token
          </label>
          <input
            id={inputId}
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
          {busy ? "Trying…" : "Open the job"}
        </button>
      </form>
      {creditsOn && !signedIn && (
        <p className="mt-3">
          Was it made with a wallet?{" "}
          <Link href={topupHref(`/jobs/${jobId}`)} className="text-link inline-flex min-h-11 items-center">
            Sign in with it
          </Link>
          , and it opens without a token.
        </p>
      )}
      {problem && (
        <p id={`${inputId}-error`} role="alert" className="mt-3 text-bad">
          <strong className="font-medium">{problem.message}.</strong> {problem.action}
        </p>
      )}
    </section>
  );
}
