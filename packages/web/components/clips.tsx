"use client";
import type { JobView, Results } from "@kangklip/contract";
import Link from "next/link";
import { useRef } from "react";
import { useSystem } from "../hooks/use-system.ts";
import { ClipCard } from "./clip-card.tsx";
import { SourceStrip } from "./source-strip.tsx";

/** A few clips stay as large as many: no player is wider than a third of the page. */
const COLUMNS: Record<number, string> = {
  1: "",
  2: "sm:max-w-[49rem] sm:grid-cols-2",
  3: "sm:grid-cols-2 lg:grid-cols-3",
};

/** What came out. `results` are undefined while they are on their way. */
export function Clips({ view, results }: { view: JobView; results: Results | undefined }) {
  const { data: system } = useSystem();
  const playing = useRef<HTMLVideoElement>(null);
  if (!results) return <ClipsSkeleton count={view.request.clip_count} />;
  if (results.clips.length === 0)
    return (
      <section className="panel p-6">
        <h2 className="text-xl">No clip came out of this video</h2>
        <p className="mt-2 max-w-prose text-soft">
          Nothing in it was long enough and stood on its own. A shorter clip length finds more; so does a
          video with more talk.
        </p>
        <Link href="/generate-clips" className="button button-main mt-4">
          Make a new job
        </Link>
      </section>
    );
  return (
    <section aria-label="Clips" className="flex flex-col gap-8">
      {view.source?.seconds && <SourceStrip clips={results.clips} seconds={view.source.seconds} />}
      <ul className={`grid gap-x-8 gap-y-12 ${COLUMNS[results.clips.length] ?? COLUMNS[3]}`}>
        {results.clips.map((clip) => (
          <li key={clip.clip_file} id={`clip-${clip.index}`} className="min-w-0">
            <ClipCard
              jobId={view.job_id}
              clip={clip}
              beside={results.clips.length === 1}
              onPlay={(video) => {
                if (playing.current !== video) playing.current?.pause();
                playing.current = video;
              }}
            />
          </li>
        ))}
      </ul>
      {system && !system.credits && (
        <p className="text-sm text-soft">All clips are unlocked: credits are off here.</p>
      )}
    </section>
  );
}

function ClipsSkeleton({ count }: { count: number }) {
  return (
    <div role="status" aria-label="Loading the clips" className="grid gap-8 sm:grid-cols-2 lg:grid-cols-3">
      {Array.from({ length: count }, (_, index) => index).map((index) => (
        <div key={index} className="skeleton aspect-[9/16] w-full" />
      ))}
    </div>
  );
}
