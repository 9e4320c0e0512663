"use client";
import { Progress } from "@base-ui/react/progress";
import { Pause, Play } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import type { UploadState } from "../hooks/use-upload.ts";
import { roughSpanText, sizeText } from "../lib/time.ts";
import { waitingText } from "../lib/upload-text.ts";
import { ConfirmDialog } from "./confirm-dialog.tsx";

interface UploadProgressProps {
  state: UploadState;
  onPause: () => void;
  onResume: () => void;
  onTryNow: () => void;
  onCancel: () => void;
}

/** How much of a file has been sent, how fast, how long it will take, and what stands in the way; with the ways to pause and to stop. */
export function UploadProgress({ state, onPause, onResume, onTryNow, onCancel }: UploadProgressProps) {
  const t = useTranslations();
  const [asking, setAsking] = useState(false);
  const { phase, totalBytes, sentBytes, beforeBytes, bytesPerSecond, secondsLeft, waiting } = state;
  const percent = Math.floor((sentBytes / totalBytes) * 100);
  const stopped = waiting && phase === "sending" ? waitingText(t, waiting.why) : null;
  const pace = [
    ...(bytesPerSecond === null ? [] : [t("builder.upload.speed", { size: sizeText(t, bytesPerSecond) })]),
    ...(secondsLeft === null ? [] : [t("builder.upload.left", { time: roughSpanText(t, secondsLeft) })]),
  ].join(" · ");
  return (
    <div className="rounded-control bg-sunk p-4">
      <Progress.Root value={percent} aria-valuetext={t("builder.upload.percent", { percent })}>
        <div className="flex flex-wrap items-baseline justify-between gap-x-4">
          <Progress.Label className="font-medium">
            <span role="status">{stopped?.title ?? t(`builder.upload.${phase}`)}</span>
          </Progress.Label>
          <span className="text-soft tabular-nums">
            {t("builder.upload.of", { sent: sizeText(t, sentBytes), total: sizeText(t, totalBytes) })}
          </span>
        </div>
        <Progress.Track className="my-3 h-2 overflow-hidden rounded-full bg-line">
          <Progress.Indicator
            className={`rounded-full transition-[width] ${stopped || phase === "paused" ? "bg-line-strong" : "bg-indigo"}`}
          />
        </Progress.Track>
      </Progress.Root>
      <p className="min-h-5 text-sm text-soft tabular-nums">{stopped?.what ?? pace}</p>
      {beforeBytes > 0 && (
        <p className="mt-1 text-sm text-soft">
          {t("builder.upload.resumed", { size: sizeText(t, beforeBytes) })}
        </p>
      )}
      <div className="mt-3 flex flex-wrap gap-3">
        {stopped && (
          <button type="button" className="button button-quiet" onClick={onTryNow}>
            {t("builder.upload.tryNow")}
          </button>
        )}
        {phase === "sending" && (
          <button type="button" className="button button-quiet" onClick={onPause}>
            <Pause size={18} aria-hidden="true" /> {t("builder.upload.pause")}
          </button>
        )}
        {phase === "paused" && (
          <button type="button" className="button button-main" onClick={onResume}>
            <Play size={18} aria-hidden="true" className="rtl:-scale-x-100" /> {t("builder.upload.resume")}
          </button>
        )}
        <button type="button" className="button button-quiet" onClick={() => setAsking(true)}>
          {t("builder.upload.stop")}
        </button>
      </div>
      <p className="mt-3 text-sm text-soft">{t("builder.upload.keepOpen")}</p>
      <ConfirmDialog
        open={asking}
        title={t("builder.upload.stopTitle")}
        what={t("builder.upload.stopWhat")}
        yes={t("builder.upload.stopYes")}
        no={t("builder.upload.stopNo")}
        onYes={() => {
          setAsking(false);
          onCancel();
        }}
        onNo={() => setAsking(false)}
      />
    </div>
  );
}
