"use client";
import type { RevisionView } from "@kangklip/contract";
import { useFormatter, useTranslations } from "next-intl";
import { isVersionEnded } from "../hooks/use-versions.ts";
import { changedText } from "../lib/clip-changes.ts";

interface EditVersionsProps {
  versions: readonly RevisionView[];
  onShow: (revision: number) => void;
  /** The one that is about to be shown. */
  showing: number | null;
}

const STATES: Partial<Record<RevisionView["state"], "notMade" | "stopped">> = {
  FAILED: "notMade",
  CANCELLED: "stopped",
};

/** All versions of a clip, the newest first; each that is rendered can be shown. */
export function EditVersions({ versions, onShow, showing }: EditVersionsProps) {
  const t = useTranslations();
  const format = useFormatter();
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone; // the reader's
  return (
    <ol aria-label={t("editor.versions.title")} reversed className="divide-y divide-line">
      {versions.toReversed().map((version) => {
        const { revision, title, shown, changed, state, created_at } = version;
        const told = state === "SUCCEEDED" ? null : (STATES[state] ?? "onItsWay");
        const time = format.dateTime(new Date(created_at), {
          dateStyle: "medium",
          timeStyle: "short",
          timeZone,
        });
        const what = revision === 1 ? t("editor.versions.first") : changedText(t, changed);
        return (
          <li
            key={revision}
            aria-current={shown ? "true" : undefined}
            className="flex min-h-14 flex-wrap items-center justify-between gap-x-4 gap-y-2 py-2"
          >
            <div className="min-w-0 flex-1 basis-48">
              <p className="break-words">
                <span className="font-medium">{t("editor.versions.version", { revision })}</span>
                {told && (
                  <span className={isVersionEnded(version) ? "text-bad" : "text-soft"}>
                    {" "}
                    ({t(`editor.versions.${told}`)})
                  </span>
                )}
                : <bdi>{title}</bdi>
              </p>
              <p className="text-sm text-soft">
                <time dateTime={created_at}>{time}</time>
                {what && ` · ${what}`}
              </p>
            </div>
            {shown ? (
              <span className="rounded-md bg-lit px-2 py-0.5 text-sm font-medium text-on-lit">
                {t("editor.versions.shown")}
              </span>
            ) : (
              state === "SUCCEEDED" && (
                <button
                  type="button"
                  className="button button-quiet px-3"
                  aria-label={t("editor.versions.showOf", { revision })}
                  disabled={showing !== null}
                  onClick={() => onShow(revision)}
                >
                  {t("editor.versions.show")}
                </button>
              )
            )}
          </li>
        );
      })}
    </ol>
  );
}
