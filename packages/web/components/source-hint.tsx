"use client";
import { useSystem } from "../hooks/use-system.ts";
import { size, span } from "../lib/time.ts";

/** What this installation takes. */
export function SourceHint() {
  const { data: system } = useSystem();
  if (!system)
    return <p className="min-h-10 text-sm text-soft">A talk, podcast, lecture or interview works best.</p>;
  const { max_source_seconds, max_source_bytes, page_urls } = system;
  return (
    <p className="min-h-10 text-sm text-soft">
      Up to {span(max_source_seconds)} and {size(max_source_bytes)}.{" "}
      {page_urls
        ? "Addresses of video files, streams and video pages work."
        : "Addresses of video files and streams work. For video pages this installation needs yt-dlp, which it lacks."}
    </p>
  );
}
