"use client";
import { Dialog } from "@base-ui/react/dialog";
import type { ClipView, JobId, RevisionView } from "@kangklip/contract";
import { Columns2, X } from "lucide-react";
import { useTranslations } from "next-intl";
import { useId, useRef, useState } from "react";
import { useVersionLink } from "../hooks/use-version-link.ts";
import { changedText } from "../lib/clip-changes.ts";
import { Check } from "./check.tsx";
import { LinkPlayer } from "./clip-player.tsx";

interface EditCompareProps {
  jobId: JobId;
  clip: ClipView;
  versions: readonly RevisionView[];
}

/** Two versions of a clip beside each other, before and after; a button until it is opened, and nothing while there is one version alone. */
export function EditCompare({ jobId, clip, versions }: EditCompareProps) {
  const t = useTranslations();
  const rendered = versions.filter(({ state }) => state === "SUCCEEDED");
  if (rendered.length < 2) return null;
  return (
    <Dialog.Root>
      <Dialog.Trigger className="button button-quiet mt-3">
        <Columns2 size={18} aria-hidden="true" /> {t("editor.versions.compare")}
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-10 min-h-dvh bg-[#05070f]/60 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="panel fixed inset-0 z-10 m-auto h-fit max-h-[calc(100dvh-1rem)] w-[50rem] max-w-[calc(100vw-1rem)] overflow-y-auto p-4 shadow-panel sm:p-6">
          <div className="flex items-start justify-between gap-4">
            <div>
              <Dialog.Title className="text-xl font-semibold">
                {t("editor.versions.compareTitle")}
              </Dialog.Title>
              <Dialog.Description className="mt-1 text-sm text-soft">
                {t("editor.versions.compareWhat")}
              </Dialog.Description>
            </div>
            <Dialog.Close
              aria-label={t("editor.versions.close")}
              className="-me-2 grid size-11 shrink-0 place-items-center rounded-control hover:bg-sunk"
            >
              <X size={20} aria-hidden="true" />
            </Dialog.Close>
          </div>
          <Sides jobId={jobId} clip={clip} versions={rendered} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

type Side = "left" | "right";
const SIDES = ["left", "right"] as const;

function Sides({ jobId, clip, versions }: EditCompareProps) {
  const t = useTranslations();
  const shown = versions.findIndex((version) => version.shown);
  const [chosen, setChosen] = useState<Record<Side, number>>({
    left: versions[shown > 0 ? shown - 1 : 0]?.revision ?? 1,
    right: versions[shown > 0 ? shown : 1]?.revision ?? 2,
  });
  const [isInStep, setInStep] = useState(true);
  const videos = useRef<Partial<Record<Side, HTMLVideoElement | null>>>({});
  const [older, newer] = [chosen.left, chosen.right].toSorted((one, other) => one - other);
  const between = versions.filter(({ revision }) => revision > (older ?? 0) && revision <= (newer ?? 0));
  const what = [...new Set(between.flatMap(({ changed }) => changed))];
  function onPlay(side: Side) {
    const other = videos.current[side === "left" ? "right" : "left"];
    const video = videos.current[side];
    if (!isInStep || !video || !other || other.currentTime === 0) return;
    video.currentTime = Math.min(other.currentTime, video.duration || 0);
  }
  return (
    <>
      <div className="mt-4 grid gap-4 sm:grid-cols-2 sm:gap-6">
        {SIDES.map((side) => (
          <SidePlayer
            key={side}
            {...{ jobId, clip, versions }}
            label={t(`editor.versions.${side}`)}
            revision={chosen[side]}
            onRevision={(revision) => setChosen({ ...chosen, [side]: revision })}
            videoRef={(video) => {
              videos.current[side] = video;
            }}
            onPlay={() => onPlay(side)}
          />
        ))}
      </div>
      <p role="status" className="my-4 text-sm break-words text-soft">
        {what.length > 0
          ? t("editor.versions.differs", { what: changedText(t, what) })
          : t("editor.versions.same")}
      </p>
      <Check label={t("editor.versions.step")} checked={isInStep} onChange={setInStep} />
    </>
  );
}

interface SidePlayerProps extends EditCompareProps {
  label: string;
  revision: number;
  onRevision: (revision: number) => void;
  videoRef: (video: HTMLVideoElement | null) => void;
  onPlay: () => void;
}

function SidePlayer({
  jobId,
  clip,
  versions,
  label,
  revision,
  onRevision,
  videoRef,
  onPlay,
}: SidePlayerProps) {
  const t = useTranslations();
  const id = useId();
  const link = useVersionLink(jobId, clip.clip_file, revision);
  const title = versions.find((version) => version.revision === revision)?.title ?? clip.title;
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        {label}
      </label>
      <select
        id={id}
        className="field mb-2 min-h-11 px-3"
        value={revision}
        onChange={({ target }) => onRevision(Number(target.value))}
      >
        {versions.map((version) => (
          <option key={version.revision} value={version.revision}>
            {t("editor.versions.choice", { revision: version.revision, title: version.title })}
          </option>
        ))}
      </select>
      <div className="mx-auto max-w-64">
        <LinkPlayer
          key={revision}
          small
          index={clip.index}
          title={title}
          url={link.url}
          kind={link.kind}
          error={link.error}
          onExpired={link.renew}
          videoRef={videoRef}
          onPlay={onPlay}
        />
      </div>
    </div>
  );
}
