"use client";
import { Captions, FileVideo, ImageOff, Info, X } from "lucide-react";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import type { Looked } from "../hooks/use-inspect.ts";
import { isRefusal } from "../lib/job-form.ts";
import type { LocalVideo } from "../lib/local-video.ts";
import { sizeText, spanText } from "../lib/time.ts";
import { ProblemLine } from "./problem-line.tsx";

/** What an address leads to: looked for, found, or not to be seen beforehand. What refuses it is told at the field. */
export function AddressCard({ looked, onAgain }: { looked: Looked; onAgain: () => void }) {
  const t = useTranslations();
  switch (looked.state) {
    case "none":
      return null;
    case "looking":
      return (
        <div className="flex gap-x-4 gap-y-3 max-sm:flex-col">
          <span className="skeleton aspect-video w-full shrink-0 sm:w-40" />
          <span className="flex min-w-0 flex-1 flex-col gap-2.5 pt-1">
            <span className="skeleton h-5 w-4/5" />
            <span className="skeleton h-4 w-1/2" />
            <span className="text-sm text-soft">{t("builder.look.looking")}</span>
          </span>
        </div>
      );
    case "cannot":
      if (isRefusal(looked.problem)) return null;
      return (
        <div>
          <p className="flex items-start gap-2.5 font-medium">
            <Info size={18} aria-hidden="true" className="mt-1 shrink-0 text-soft" />
            {t("builder.look.cannot")}
          </p>
          <p className="mt-1 text-soft">
            <ProblemLine problem={looked.problem} instead={t("builder.look.allTheSame")} />
          </p>
          <button type="button" className="button button-quiet mt-3" onClick={onAgain}>
            {t("builder.look.again")}
          </button>
        </div>
      );
    case "found": {
      const { title, seconds, width, height, size_bytes, thumbnail, has_captions, notices } = looked.preview;
      return (
        <Card
          thumbnail={thumbnail}
          title={title ?? t("builder.look.untitled")}
          facts={{ seconds, width, height, bytes: size_bytes }}
        >
          {has_captions !== null && (
            <p className="mt-1 flex items-start gap-2 text-sm text-soft">
              <Captions size={16} aria-hidden="true" className="mt-0.5 shrink-0" />
              {t(has_captions ? "builder.look.captions" : "builder.look.noCaptions")}
            </p>
          )}
          {notices.map((notice) => (
            <p key={notice} lang="en" dir="ltr" className="mt-1 text-start text-sm break-words">
              {notice}
            </p>
          ))}
        </Card>
      );
    }
  }
}

interface FileCardProps {
  file: File;
  /** Undefined while this browser looks at it, null where it cannot show it. */
  video: LocalVideo | null | undefined;
  /** What is known of an earlier sending of it. */
  note?: string | undefined;
  disabled: boolean;
  onPutAway: () => void;
}

/** A file of one's own, as this browser sees it, until it is put away. */
export function FileCard({ file, video, note, disabled, onPutAway }: FileCardProps) {
  const t = useTranslations();
  const { seconds = null, width = null, height = null, thumbnail = null } = video ?? {};
  return (
    <Card
      thumbnail={thumbnail}
      waiting={video === undefined}
      icon={<FileVideo size={28} aria-hidden="true" />}
      title={file.name}
      facts={{ seconds, width, height, bytes: file.size }}
      corner={
        <button
          type="button"
          className="-me-1.5 -mt-1.5 grid size-11 shrink-0 place-items-center rounded-control hover:bg-sunk disabled:opacity-60"
          aria-label={t("builder.file.putAway")}
          disabled={disabled}
          onClick={onPutAway}
        >
          <X size={20} aria-hidden="true" />
        </button>
      }
    >
      {video === null && <p className="mt-1 text-sm text-soft">{t("builder.look.unplayable")}</p>}
      {video && video.width === null && (
        <p className="mt-1 text-sm text-soft">{t("builder.look.onlySound")}</p>
      )}
      {note && <p className="mt-1 text-sm">{note}</p>}
    </Card>
  );
}

interface CardProps {
  thumbnail: string | null;
  /** It may still come. */
  waiting?: boolean;
  icon?: ReactNode;
  title: string;
  facts: { seconds: number | null; width: number | null; height: number | null; bytes: number | null };
  corner?: ReactNode;
  children: ReactNode;
}

function Card({ thumbnail, waiting, icon, title, facts, corner, children }: CardProps) {
  const t = useTranslations();
  const { seconds, width, height, bytes } = facts;
  const said = [
    ...(seconds === null ? [] : [t("builder.look.length", { length: spanText(t, seconds) })]),
    ...(width && height
      ? [t("builder.look.resolution", { width: String(width), height: String(height) })]
      : []),
    ...(bytes === null ? [] : [sizeText(t, bytes)]),
  ];
  return (
    <div className="flex items-start gap-x-4 gap-y-2 max-sm:flex-col">
      <span
        className={`relative grid aspect-video w-full shrink-0 place-items-center overflow-hidden rounded-[0.4rem] bg-sunk text-soft sm:w-40 ${thumbnail || waiting ? "" : "max-sm:hidden"}`}
      >
        {waiting && <span className="skeleton absolute inset-0" />}
        {thumbnail ? (
          // biome-ignore lint/performance/noImgElement: it is part of the page already
          <img src={thumbnail} alt="" className="size-full bg-[#05070f] object-contain" />
        ) : (
          (icon ?? <ImageOff size={24} role="img" aria-label={t("builder.look.noThumbnail")} />)
        )}
      </span>
      <div className="flex w-full min-w-0 flex-1 items-start gap-4">
        <div className="min-w-0 flex-1">
          <p className="line-clamp-2 font-medium wrap-anywhere">
            <bdi>{title}</bdi>
          </p>
          <p className="text-sm text-soft tabular-nums">{said.join(" · ") || t("builder.look.unknown")}</p>
          {children}
        </div>
        {corner}
      </div>
    </div>
  );
}
