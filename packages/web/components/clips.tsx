"use client";
import { isEnded, type JobView, type ReadyClip, type Results } from "@kangklip/contract";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useSystem } from "../hooks/use-system.ts";
import { type ClipPlace, clipPlaces } from "../lib/clip-text.ts";
import { ClipCard } from "./clip-card.tsx";
import { ClipsToolbar } from "./clips-toolbar.tsx";
import { SourceStrip } from "./source-strip.tsx";

/** A few clips stay as large as many: no player is wider than a third of the page. */
const COLUMNS: Record<number, string> = {
  1: "",
  2: "sm:max-w-[49rem] sm:grid-cols-2",
  3: "sm:grid-cols-2 lg:grid-cols-3",
};

interface ClipsProps {
  view: JobView;
  /** Those that can be watched already; they stay where they are once the job is done. */
  ready: readonly ReadyClip[];
  /** Undefined while the job goes on, and while they are on their way. */
  results: Results | undefined;
}

/** What comes out, and then what came out: each clip in its place as soon as it is ready. */
export function Clips({ view, ready, results }: ClipsProps) {
  const t = useTranslations();
  const { data: system } = useSystem();
  const places = clipPlaces(view.request.clip_count, ready, results?.clips);
  if (places.length === 0)
    return (
      <section className="panel p-6">
        <h2 className="text-xl">{t("clips.none.title")}</h2>
        <p className="mt-2 max-w-prose text-soft">{t("clips.none.text")}</p>
        <Link href="/generate-clips" className="button button-main mt-4">
          {t("clips.none.again")}
        </Link>
      </section>
    );
  const goesOn = !isEnded(view.status);
  const soFar = places.filter(({ ready }) => ready).length;
  return (
    <section aria-label={t("clips.list")} className="flex flex-col gap-8">
      {results && <ClipsToolbar jobId={view.job_id} clips={results.clips} />}
      {!results && !goesOn && <AboveClips />}
      {goesOn && (
        <div className="flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
          <h2 className="text-xl">{t("clips.ready.heading")}</h2>
          <p role="status" className="text-soft tabular-nums">
            {t("clips.ready.count", { ready: soFar, all: places.length })}
          </p>
        </div>
      )}
      {results && view.source?.seconds && <SourceStrip clips={results.clips} seconds={view.source.seconds} />}
      <ul aria-busy={!results} className={`grid gap-x-8 gap-y-12 ${COLUMNS[places.length] ?? COLUMNS[3]}`}>
        {places.map((place) => (
          <li
            key={place.file}
            id={`clip-${place.index}`}
            className={`min-w-0 scroll-mt-6 ${places.length > 1 ? "clip-rows" : ""}`}
          >
            <OneClip view={view} place={place} beside={places.length === 1} />
          </li>
        ))}
      </ul>
      {results && system && !system.credits && <p className="text-sm text-soft">{t("clips.unlocked")}</p>}
    </section>
  );
}

/** Keeps the room of what comes above the clips, so that they stay where they are. */
function AboveClips() {
  return (
    <>
      <div aria-hidden="true" className="skeleton h-11 max-w-xl" />
      <div aria-hidden="true" className="skeleton h-19 max-sm:hidden" />
    </>
  );
}

function OneClip({ view, place, beside }: { view: JobView; place: ClipPlace; beside: boolean }) {
  const t = useTranslations();
  const { file, index, ready, clip } = place;
  if (ready || clip)
    return <ClipCard jobId={view.job_id} file={file} ready={ready} clip={clip} beside={beside} />;
  return (
    <div className={beside ? "sm:max-w-80" : "row-span-3"}>
      <div aria-hidden="true" className="skeleton aspect-[9/16] w-full" />
      <p className="mt-4 text-soft">
        {isEnded(view.status) ? t("clips.loading") : t("clips.ready.made", { index })}
      </p>
    </div>
  );
}
