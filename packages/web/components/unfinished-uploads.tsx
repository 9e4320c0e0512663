"use client";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { sizeText } from "../lib/time.ts";
import type { KeptUpload } from "../lib/upload-memory.ts";

interface UnfinishedUploadsProps {
  uploads: readonly KeptUpload[];
  onThrowAway: (upload: KeptUpload) => void;
}

/** Files that were being sent when the page was closed, or broke: how to go on, and the way to be rid of them. */
export function UnfinishedUploads({ uploads, onThrowAway }: UnfinishedUploadsProps) {
  const t = useTranslations();
  if (uploads.length === 0) return null;
  const b = (text: ReactNode) => <bdi className="font-medium wrap-anywhere">{text}</bdi>;
  return (
    <section aria-labelledby="unfinished" className="rounded-control bg-lit-soft px-4 py-3">
      <h2 id="unfinished" className="text-base">
        {t("builder.unfinished.title")}
      </h2>
      <ul>
        {uploads.map((upload) => (
          <li key={upload.upload_id} className="flex flex-wrap items-center justify-between gap-x-4">
            <p className="min-w-0 flex-[1_1_16rem] py-1 text-sm">
              {t.rich("builder.unfinished.what", {
                name: upload.name,
                size: sizeText(t, upload.size_bytes),
                b,
              })}
            </p>
            <button
              type="button"
              className="text-link min-h-11 text-sm"
              aria-label={`${t("builder.unfinished.forget")}: ${upload.name}`}
              onClick={() => onThrowAway(upload)}
            >
              {t("builder.unfinished.forget")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
