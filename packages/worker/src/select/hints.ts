import type { SelectInput } from "../stage.ts";

/** More of them than any site gives. */
const MOST = 2000;

/**
 * What a source's page says about its own video, from meta.json (as yt-dlp reports it): where its chapters begin, and what people
 * replayed. The page's author wrote the first: only times are read, no titles. Anything that is not as expected counts as missing.
 */
export function hintsOf(meta: Record<string, unknown>): Pick<SelectInput, "chapters" | "replayed"> {
  const list = (value: unknown): Record<string, unknown>[] =>
    Array.isArray(value)
      ? value.slice(0, MOST).filter((each) => typeof each === "object" && each !== null)
      : [];
  const chapters = list(meta.chapters)
    .map(({ start_time }) => start_time)
    .filter(isSeconds);
  const replayed = list(meta.heatmap).flatMap(({ start_time: start, end_time: end, value }) =>
    isSeconds(start) && isSeconds(end) && end > start && isSeconds(value)
      ? [{ start, end, value: Math.min(1, value) }]
      : [],
  );
  return { chapters, replayed };
}

const isSeconds = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;
