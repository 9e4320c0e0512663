"use client";
import { useTranslations } from "next-intl";
import { type FormEvent, useCallback, useEffect, useRef, useState } from "react";
import { useBring } from "../hooks/use-bring.ts";
import { useCompute } from "../hooks/use-compute.ts";
import { useCreateJob } from "../hooks/use-create-job.ts";
import { useCredits } from "../hooks/use-credits.ts";
import { useHydrated } from "../hooks/use-hydrated.ts";
import { useJobOptions } from "../hooks/use-job-options.ts";
import { useLeaveGuard } from "../hooks/use-leave-guard.ts";
import { useSource } from "../hooks/use-source.ts";
import { useSystem } from "../hooks/use-system.ts";
import { useKeptUploads } from "../hooks/use-unfinished.ts";
import { uploadKey } from "../lib/upload-memory.ts";
import { AskWallet } from "./ask-wallet.tsx";
import { ComputeChoice } from "./compute-choice.tsx";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { Expectation } from "./expectation.tsx";
import { Focused } from "./focused.tsx";
import { GenerationFee } from "./generation-fee.tsx";
import { JobOptions } from "./job-options.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { SourceField } from "./source-field.tsx";
import { UnfinishedUploads } from "./unfinished-uploads.tsx";
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
  const t = useTranslations();
  const { options, change: changeOptions } = useJobOptions();
  const source = useSource(initialAddress, options.durationSeconds);
  const { address, file } = source;
  const [about, setAbout] = useState("");
  const { submit, busy, failure, clearFailure, sending } = useCreateJob();
  const { compute, ...place } = useCompute({ sourceSeconds: source.seconds, hasSource: source.isGood });
  const kept = useKeptUploads();
  const { info } = useCredits();
  const fee = useSystem().data?.generation_fee ?? 0;
  const [askingWallet, setAskingWallet] = useState(false);
  const closeWallet = useCallback(() => setAskingWallet(false), []);
  const hydrated = useHydrated();
  const submitButton = useRef<HTMLButtonElement>(null);
  const addressInput = useRef<HTMLInputElement>(null);
  const guard = useLeaveGuard(sending.state !== null, false);
  const { over } = useBring(hydrated && !busy, {
    onFile: (brought) => edit(() => source.setFile(brought)),
    onText: (text) => {
      if (!source.bring(text)) return;
      clearFailure();
      addressInput.current?.focus();
    },
  });

  useEffect(() => {
    if (failure?.field === "source") addressInput.current?.focus(); // after the field is open again
  }, [failure]);
  const wasBusy = useRef(false);
  useEffect(() => {
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (wasBusy.current && !busy && isLost) submitButton.current?.focus(); // it was disabled, or away
    wasBusy.current = busy;
  }, [busy]);
  const unsigned = failure?.problem.code === "NOT_SIGNED_IN";
  useEffect(() => {
    if (failure?.problem.code === "NOT_SIGNED_IN") setAskingWallet(true);
  }, [failure]);
  const { setAddress } = source;
  useEffect(() => {
    const typed = addressInput.current?.value; // before the page's scripts had taken over
    if (typed) setAddress(typed);
  }, [setAddress]);

  const wrongSource = failure?.field === "source" ? failure.problem : source.wrong;
  const errorOf = (field: string) => (failure?.field === field ? failure.problem.message : undefined);
  const before = !busy && file && kept.uploads.find((one) => keyOf(one) === uploadKey(file));
  function edit(change: () => void) {
    change();
    clearFailure();
  }
  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (busy) return;
    source.leave();
    await submit({ ...options, address, file, about, compute }, source.refused);
  }

  return (
    <form onSubmit={onSubmit} noValidate className="panel flex flex-col gap-7 p-5 sm:p-8">
      {!busy && !file && (
        <UnfinishedUploads
          uploads={kept.uploads.filter(({ whole }) => !whole)}
          onThrowAway={kept.throwAway}
        />
      )}
      <SourceField
        address={address}
        file={file}
        onAddress={(next) => edit(() => source.setAddress(next))}
        onFile={(next) => edit(() => source.setFile(next))}
        onLeave={source.leave}
        inspect={source.inspect}
        video={source.video}
        note={before ? t(before.whole ? "builder.unfinished.whole" : "builder.unfinished.mark") : undefined}
        wrong={wrongSource}
        over={over}
        disabled={busy}
        addressInput={addressInput}
      />
      <JobOptions
        options={options}
        onChange={(part) => edit(() => changeOptions(part))}
        about={about}
        onAbout={(next) => edit(() => setAbout(next))}
        errorOf={errorOf}
        wrong={FOLDED.includes(failure?.field ?? "")}
        disabled={busy}
      />
      <ComputeChoice
        options={place.options}
        choice={place.choice}
        onChoose={(choice) => edit(() => place.choose(choice))}
        meaning={place.meaning}
        error={errorOf("compute")}
        disabled={busy}
      />
      {source.isGood && !source.wrong && <Expectation place={place} />}
      {fee > 0 && <GenerationFee fee={fee} back={hereWith(address)} />}
      {failure?.field === null && !unsigned && (
        <ProblemCard title={t("builder.submit.failed")} problem={failure.problem} />
      )}
      {sending.state && file ? (
        <Focused>
          <UploadProgress
            state={sending.state}
            onPause={sending.pause}
            onResume={sending.resume}
            onTryNow={sending.tryNow}
            onCancel={sending.cancel}
          />
        </Focused>
      ) : (
        <button
          ref={submitButton}
          type="submit"
          className={`button button-main min-h-13 self-start px-8 text-lg max-sm:w-full ${hydrated ? "" : "opacity-100!"}`}
          disabled={busy || !hydrated}
        >
          {busy ? t("builder.submit.starting") : t("builder.submit.make", { count: options.count })}
        </button>
      )}
      <ConfirmDialog
        open={guard.asking}
        title={t("builder.upload.leaveTitle")}
        what={t("builder.upload.leaveWhat")}
        yes={t("builder.upload.leaveYes")}
        no={t("builder.upload.leaveNo")}
        onYes={() => guard.leave(() => {})}
        onNo={guard.stay}
      />
      {info && (
        <AskWallet
          open={askingWallet}
          onClose={closeWallet}
          returnTo={() => submitButton.current}
          info={info}
          why={t("builder.fee.why")}
        />
      )}
    </form>
  );
}

const keyOf = (upload: { name: string; size_bytes: number; last_modified: number }) =>
  uploadKey({ name: upload.name, size: upload.size_bytes, lastModified: upload.last_modified });

/** This page with the address that was typed, to come back to. */
const hereWith = (address: string) =>
  address.trim() ? `/generate-clips?url=${encodeURIComponent(address.trim())}` : "/generate-clips";
