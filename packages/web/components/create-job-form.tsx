"use client";
import { type FormEvent, useCallback, useEffect, useId, useRef, useState } from "react";
import { useCompute } from "../hooks/use-compute.ts";
import { useCreateJob } from "../hooks/use-create-job.ts";
import { useCredits } from "../hooks/use-credits.ts";
import { useHydrated } from "../hooks/use-hydrated.ts";
import { useJobOptions } from "../hooks/use-job-options.ts";
import { useSystem } from "../hooks/use-system.ts";
import { checkAddress } from "../lib/job-form.ts";
import { AskWallet } from "./ask-wallet.tsx";
import { ComputeChoice } from "./compute-choice.tsx";
import { FileDrop } from "./file-drop.tsx";
import { GenerationFee } from "./generation-fee.tsx";
import { JobOptions } from "./job-options.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { SourceHint } from "./source-hint.tsx";
import { UploadProgress } from "./upload-progress.tsx";

/** Fields that are folded away at first. */
const FOLDED = [
  "durationSeconds",
  "count",
  "language",
  "compute",
  "captionPreset",
  "outputLanguage",
  "about",
];

/** Everything a job needs: a video, and how many clips of which length to make of it. */
export function CreateJobForm({ initialAddress }: { initialAddress: string }) {
  const [form, setForm] = useState<{ address: string; file: File | null; about: string }>({
    address: initialAddress,
    file: null,
    about: "",
  });
  const { options, change: changeOptions } = useJobOptions();
  const [leftAddress, setLeftAddress] = useState(initialAddress !== "");
  const { submit, busy, failure, clearFailure, uploadFraction, cancelUpload } = useCreateJob();
  const { compute, ...place } = useCompute();
  const { info } = useCredits();
  const fee = useSystem().data?.generation_fee ?? 0;
  const [askingWallet, setAskingWallet] = useState(false);
  const closeWallet = useCallback(() => setAskingWallet(false), []);
  const hydrated = useHydrated();
  const submitButton = useRef<HTMLButtonElement>(null);
  const addressId = useId();
  const errorId = useId();
  const addressInput = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (failure?.field === "source") addressInput.current?.focus(); // after the field is open again
  }, [failure]);

  const unsigned = failure?.problem.code === "NOT_SIGNED_IN";
  useEffect(() => {
    if (failure?.problem.code === "NOT_SIGNED_IN") setAskingWallet(true);
  }, [failure]);
  useEffect(() => {
    const address = addressInput.current?.value; // typed before the page's scripts had taken over
    if (address) setForm((now) => (now.address === address ? now : { ...now, address }));
  }, []);

  const typedWrong = leftAddress && !form.file && form.address ? checkAddress(form.address) : null;
  const wrongSource = failure?.field === "source" ? failure.problem : typedWrong;
  const errorOf = (field: string) => (failure?.field === field ? failure.problem.message : undefined);
  function change(part: Partial<typeof form>) {
    setForm({ ...form, ...part });
    clearFailure();
  }
  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (busy) return;
    setLeftAddress(true);
    await submit({ ...options, ...form, compute });
  }

  return (
    <form onSubmit={onSubmit} noValidate className="panel flex flex-col gap-7 p-5 sm:p-8">
      <div className="flex flex-col gap-3">
        {!form.file && (
          <>
            <label htmlFor={addressId} className="font-medium">
              Video address
            </label>
            <input
              ref={addressInput}
              id={addressId}
              className="field -mt-1"
              type="url"
              inputMode="url"
              autoComplete="off"
              spellCheck={false}
              placeholder="https://"
              value={form.address}
              disabled={busy}
              aria-invalid={wrongSource !== null}
              aria-describedby={wrongSource ? errorId : undefined}
              onChange={(event) => change({ address: event.target.value })}
              onBlur={() => setLeftAddress(true)}
            />
          </>
        )}
        <FileDrop
          file={form.file}
          onFile={(file) => change({ file })}
          disabled={busy}
          invalid={wrongSource !== null}
          errorId={errorId}
        />
        {wrongSource && (
          <p id={errorId} role="alert" className="text-bad">
            <strong className="font-medium break-words">{wrongSource.message}.</strong>{" "}
            {wrongSource.code !== "INVALID_INPUT" && wrongSource.action}
          </p>
        )}
        <SourceHint />
      </div>
      <JobOptions
        options={options}
        onChange={(part) => {
          changeOptions(part);
          clearFailure();
        }}
        about={form.about}
        onAbout={(about) => change({ about })}
        errorOf={errorOf}
        wrong={FOLDED.includes(failure?.field ?? "")}
        disabled={busy}
      />
      <ComputeChoice
        options={place.options}
        choice={place.choice}
        onChoose={(choice) => {
          place.choose(choice);
          clearFailure();
        }}
        meaning={place.meaning}
        error={errorOf("compute")}
        disabled={busy}
      />
      {fee > 0 && <GenerationFee fee={fee} back={hereWith(form.address)} />}
      {failure?.field === null && !unsigned && (
        <ProblemCard title="The job could not be made" problem={failure.problem} />
      )}
      {uploadFraction !== null && form.file ? (
        <UploadProgress fraction={uploadFraction} totalBytes={form.file.size} onCancel={cancelUpload} />
      ) : (
        <button
          ref={submitButton}
          type="submit"
          className={`button button-main min-h-13 self-start px-8 text-lg max-sm:w-full ${hydrated ? "" : "opacity-100!"}`}
          disabled={busy || !hydrated}
        >
          {busy ? "Starting the job…" : `Make ${options.count === 1 ? "1 clip" : `${options.count} clips`}`}
        </button>
      )}
      {info && (
        <AskWallet
          open={askingWallet}
          onClose={closeWallet}
          returnTo={() => submitButton.current}
          info={info}
          why="The clips are made for the wallet that you sign in with. Nothing is taken before you start the job."
        />
      )}
    </form>
  );
}

/** This page with the address that was typed, to come back to. */
const hereWith = (address: string) =>
  address.trim() ? `/generate-clips?url=${encodeURIComponent(address.trim())}` : "/generate-clips";
