import { CaptionPreset, CreateJob, Language, OutputLanguage } from "@kangklip/contract";
import { z } from "zod";

const KEY = "kk:options";
const CHANGED = "kk:options-changed";

/** What is asked of the clips, as it was chosen last in this browser. What cannot be read, or is not allowed any more, is the usual. */
export const JobOptions = z.object({
  durationSeconds: CreateJob.shape.clip_duration_seconds.catch(45).default(45),
  count: CreateJob.shape.clip_count.catch(2).default(2),
  language: Language.catch("auto").default("auto"),
  /** Null: as the installation is set. */
  captionPreset: CaptionPreset.nullable().catch(null).default(null),
  tighten: z.boolean().catch(false).default(false),
  /** Null: as the installation is set. */
  outputLanguage: OutputLanguage.nullable().catch(null).default(null),
});
export type JobOptions = z.infer<typeof JobOptions>;

/** The text that stands for choices, and back; from anything else come the usual ones. Pure. */
export function parseOptions(kept: string | null): JobOptions {
  try {
    return JobOptions.parse(JSON.parse(kept ?? "{}"));
  } catch {
    return JobOptions.parse({});
  }
}

/** The choices of a browser that keeps nothing; they last as long as the page. */
let unkept: string | null = null;

/** What was kept, as text, so that what has not changed stays the same value. */
export function readOptions(): string | null {
  try {
    return window.localStorage.getItem(KEY) ?? unkept;
  } catch {
    return unkept;
  }
}

/** Keeps the choices in this browser, or for this visit where the browser keeps nothing. */
export function keepOptions(options: JobOptions) {
  unkept = JSON.stringify(options);
  try {
    window.localStorage.setItem(KEY, unkept);
  } catch {
    // they last as long as the page
  }
  window.dispatchEvent(new Event(CHANGED));
}

/** Calls back when others were chosen, in this tab or another; gives the way to stop that. */
export function onOptionsChange(changed: () => void): () => void {
  window.addEventListener("storage", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    window.removeEventListener("storage", changed);
    window.removeEventListener(CHANGED, changed);
  };
}
