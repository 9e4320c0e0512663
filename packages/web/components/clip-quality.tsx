"use client";
import type { ClipView, JobId } from "@kangklip/contract";
import { CircleCheck, TriangleAlert, X } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useQuality } from "../hooks/use-artifact.ts";
import { measurements, type QcClip, repairsText } from "../lib/quality-text.ts";
import { Disclosure } from "./disclosure.tsx";

/** Whether a clip can be posted as it is, else what is not as it should be; and what it was measured at. */
export function ClipQuality({ jobId, clip }: { jobId: JobId; clip: ClipView }) {
  const t = useTranslations();
  const [opened, setOpened] = useState(false);
  const quality = useQuality(jobId, clip, opened);
  const remarks = [...clip.reasons, ...clip.caption_warnings];
  if (clip.verdict === null && remarks.length === 0) return null;
  return (
    <div>
      {clip.verdict === "ok" && (
        <p className="flex items-center gap-2 font-medium text-good">
          <CircleCheck size={18} aria-hidden="true" className="shrink-0" /> {t("clips.quality.ready")}
        </p>
      )}
      {clip.verdict === "degraded" && (
        <p className="flex items-center gap-2 font-medium">
          <TriangleAlert size={18} aria-hidden="true" className="shrink-0 text-bad" />{" "}
          {t("clips.quality.look")}
        </p>
      )}
      {remarks.length > 0 && (
        <ul
          aria-label={t("clips.quality.remarks", { index: clip.index })}
          className="mt-2 space-y-1.5 rounded-control bg-lit-soft px-4 py-3 text-[0.95rem]"
        >
          {remarks.map((remark) => (
            <li key={remark} lang="en" dir="ltr" className="text-start break-words">
              {remark}
            </li>
          ))}
        </ul>
      )}
      {clip.verdict !== null && (
        <Disclosure
          summary={
            <span>
              {t("clips.quality.measured")}
              <span className="sr-only"> {t("clips.quality.onClip", { index: clip.index })}</span>
            </span>
          }
          onOpen={() => setOpened(true)}
        >
          {quality.isError ? (
            <p role="alert" className="pb-2 text-sm text-bad">
              {t("clips.quality.failed")}{" "}
              <button type="button" className="text-link min-h-11" onClick={() => quality.refetch()}>
                {t("clips.quality.retry")}
              </button>
            </p>
          ) : quality.measured ? (
            <Measurements of={quality.measured} />
          ) : (
            <p role="status" className="pb-2 text-sm text-soft">
              {quality.isPending ? t("clips.quality.reading") : t("clips.quality.none")}
            </p>
          )}
        </Disclosure>
      )}
    </div>
  );
}

function Measurements({ of }: { of: QcClip }) {
  const t = useTranslations();
  const repairs = repairsText(t, of);
  return (
    <div className="pb-2 text-sm">
      {repairs && <p className="mb-2 break-words">{t("clips.quality.before", { repairs })}</p>}
      {measurements(t, of).map(({ title, rows }) => (
        <section key={title} className="mb-4">
          <h3 className="font-medium">{title}</h3>
          <ul className="divide-y divide-line">
            {rows.map(({ id, name, value, wanted, pass }) => (
              <li key={id} className="flex items-start gap-2 py-1.5">
                {pass ? (
                  <CircleCheck
                    size={16}
                    role="img"
                    aria-label={t("clips.quality.good")}
                    className="mt-0.5 shrink-0 text-good"
                  />
                ) : (
                  <X
                    size={16}
                    role="img"
                    aria-label={t("clips.quality.notGood")}
                    className="mt-0.5 shrink-0 text-bad"
                  />
                )}
                <span className="min-w-0 break-words tabular-nums">
                  {name}{" "}
                  <strong className="font-medium">
                    <bdi>{value}</bdi>
                  </strong>
                  {wanted && <span className="text-soft">, {wanted}</span>}
                </span>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
