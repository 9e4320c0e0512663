import { Job } from "./job.ts";

/** Of the texts that are kept, in letters; the jobs that were read from them are a few times as large. */
const MOST_LETTERS = 4_000_000;
/** Ids of jobs that were read lately. */
const MOST_IDS = 10_000;

/**
 * Reads jobs as stores keep them. What is asked for again is kept: then, as long as a job's text is the same, so is its object. (Most jobs are
 * read once or twice, and what lives longer is dear to collect.) It is the text that counts and not the version, for a store that was put
 * back to an older copy may give one version twice. What is kept cannot be changed.
 */
export function createRecords(mostLetters = MOST_LETTERS) {
  const known = new Map<string, { text: string; job: Job }>();
  const lately = new Set<string>();
  let letters = 0;

  function forget(id: string, text: string): void {
    known.delete(id);
    letters -= text.length;
  }

  return {
    /** @throws z.ZodError, SyntaxError for a text that is no job */
    read(id: string, text: string): Job {
      const before = known.get(id);
      if (before?.text === text) return before.job;
      if (before) forget(id, before.text);
      const job = Job.parse(JSON.parse(text));
      if (!lately.has(id)) {
        const [oldest = id] = lately.size < MOST_IDS ? [] : lately;
        lately.delete(oldest);
        lately.add(id);
        return job;
      }
      freeze(job);
      known.set(id, { text, job });
      letters += text.length;
      for (const [oldest, record] of known) {
        if (letters <= mostLetters) break;
        forget(oldest, record.text);
      }
      return job;
    },
    /** How many are kept. */
    size: () => known.size,
  };
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const part of Object.values(value)) freeze(part);
  Object.freeze(value);
}
