"use client";
import type { RevisionView } from "@kangklip/contract";
import { isVersionEnded } from "../hooks/use-versions.ts";
import { changedText } from "../lib/clip-changes.ts";

interface EditVersionsProps {
  versions: readonly RevisionView[];
  onShow: (revision: number) => void;
  /** The one that is about to be shown. */
  showing: number | null;
}

const STATES: Partial<Record<RevisionView["state"], string>> = {
  SUCCEEDED: "",
  FAILED: "not made",
  CANCELLED: "stopped",
};

/** All versions of a clip, the newest first; each that is rendered can be shown. */
export function EditVersions({ versions, onShow, showing }: EditVersionsProps) {
  return (
    <ol aria-label="Versions" reversed className="divide-y divide-line">
      {versions.toReversed().map((version) => {
        const { revision, title, shown, changed, state, created_at } = version;
        const told = STATES[state] ?? "on its way";
        return (
          <li
            key={revision}
            aria-current={shown ? "true" : undefined}
            className="flex min-h-14 flex-wrap items-center justify-between gap-x-4 gap-y-2 py-2"
          >
            <div className="min-w-0 flex-1 basis-48">
              <p dir="auto" className="break-words">
                <span className="font-medium">Version {revision}</span>
                {told && (
                  <span className={isVersionEnded(version) ? "text-bad" : "text-soft"}> ({told})</span>
                )}
                : {title}
              </p>
              <p className="text-sm text-soft">
                <time dateTime={created_at}>{TIME.format(new Date(created_at))}</time>
                {revision === 1
                  ? ", as it was made first"
                  : changed.length > 0 && `, ${changedText(changed)}`}
              </p>
            </div>
            {shown ? (
              <span className="rounded-md bg-lit px-2 py-0.5 text-sm font-medium text-on-lit">Shown</span>
            ) : (
              state === "SUCCEEDED" && (
                <button
                  type="button"
                  className="button button-quiet px-3"
                  disabled={showing !== null}
                  onClick={() => onShow(revision)}
                >
                  Show <span className="sr-only">version {revision}</span>
                </button>
              )
            )}
          </li>
        );
      })}
    </ol>
  );
}

const TIME = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
