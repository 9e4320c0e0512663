"use client";
import { Menu } from "@base-ui/react/menu";
import type { ClipView, JobId } from "@kangklip/contract";
import { ChevronDown, FolderDown, Scissors } from "lucide-react";
import { useTranslations } from "next-intl";
import { useRef } from "react";
import { ALL_CLIPS, useDownload } from "../hooks/use-clips.ts";
import { problemOf } from "../lib/problem.ts";
import { ProblemLine } from "./problem-line.tsx";
import { ShareDialog } from "./share-dialog.tsx";

const FORMATS = ["edl", "fcpxml", "otio"] as const;

/** What is done with all clips of a job together: saved, shared, taken to an editing program. */
export function ClipsToolbar({ jobId, clips }: { jobId: JobId; clips: readonly ClipView[] }) {
  const t = useTranslations();
  const { archive, timeline, download, busy, error } = useDownload(jobId);
  const box = useRef<HTMLDivElement>(null);
  const open = clips.filter(({ locked }) => !locked).length;
  return (
    <div ref={box}>
      <div className="flex flex-wrap gap-3">
        {clips.length > 1 && open > 0 && (
          <button
            type="button"
            className="button button-main max-sm:w-full"
            disabled={busy === ALL_CLIPS}
            onClick={archive}
          >
            <FolderDown size={18} aria-hidden="true" className="shrink-0" />
            <span>
              {busy === ALL_CLIPS ? t("clips.all.busy") : t("clips.all.zip")}{" "}
              <span className="font-normal">(zip)</span>
            </span>
          </button>
        )}
        <ShareDialog jobId={jobId} clips={clips} />
        <Menu.Root>
          <Menu.Trigger className="button button-quiet max-sm:grow">
            <Scissors size={18} aria-hidden="true" className="shrink-0" /> {t("clips.all.editing")}
            <ChevronDown size={16} aria-hidden="true" className="shrink-0" />
          </Menu.Trigger>
          <Menu.Portal container={box}>
            <Menu.Positioner sideOffset={6} align="start" className="z-20 outline-none">
              <Menu.Popup className="panel min-w-60 p-1.5 shadow-panel outline-none transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0">
                {FORMATS.map((format) => (
                  <Menu.Item
                    key={format}
                    className="flex min-h-11 cursor-default items-center rounded-control px-3 outline-none select-none data-highlighted:bg-sunk data-disabled:opacity-60"
                    disabled={busy === format}
                    onClick={() => timeline(format)}
                  >
                    {t(`clips.all.${format}`)}
                  </Menu.Item>
                ))}
                <Menu.Item
                  className="flex min-h-11 cursor-default items-center rounded-control px-3 outline-none select-none data-highlighted:bg-sunk data-disabled:opacity-60"
                  onClick={() => download("edl.json")}
                >
                  {t("clips.all.json")}
                </Menu.Item>
              </Menu.Popup>
            </Menu.Positioner>
          </Menu.Portal>
        </Menu.Root>
      </div>
      {clips.length > 1 && open > 0 && open < clips.length && (
        <p className="mt-2 text-sm text-soft">{t("clips.all.someLocked")}</p>
      )}
      {error !== null && (
        <p role="alert" className="mt-2 text-bad">
          <ProblemLine problem={problemOf(error)} />
        </p>
      )}
    </div>
  );
}
