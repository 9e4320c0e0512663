import { CreateJob, type ErrorCode, KangKlipError, parseSourceUrl } from "@kangklip/contract";
import type { Translate } from "../i18n/translate.ts";
import type { JobOptions } from "./options-memory.ts";
import { codeProblem, type Problem } from "./problem.ts";
import { sizeText, spanText } from "./time.ts";

/** What the form holds. A file goes before an address. */
export interface JobForm extends JobOptions {
  address: string;
  file: { name: string; size: number } | null;
  /** What the moments should be about; empty: whatever is good. */
  about: string;
  /** Where it may run; undefined: at any of the installation's providers. */
  compute: string[] | undefined;
}

export const ABOUT_MOST = 300;
/** A clip may be this much shorter than was asked for, so a source must be at least as long; the worker's own figure. */
const SHORTEST_CLIP = 0.8;

export type Field =
  | "source"
  | "durationSeconds"
  | "count"
  | "language"
  | "compute"
  | "captionPreset"
  | "outputLanguage"
  | "about";
export type CheckedForm =
  | { ok: true; request: Omit<CreateJob, "video_url" | "upload_id">; videoUrl: string | null }
  | { ok: false; field: Field; problem: Problem };

/**
 * Holds the form to the contract, in the order in which the API would: the first thing that is wrong, or what to send. Pure.
 * @param maxBytes the largest file the installation takes; undefined while that is not known
 */
export function checkForm(t: Translate, form: JobForm, maxBytes: number | undefined): CheckedForm {
  const wrongSource = form.file ? checkFile(t, form.file, maxBytes) : checkAddress(t, form.address);
  if (wrongSource) return { ok: false, field: "source", problem: wrongSource };
  const request = {
    clip_duration_seconds: form.durationSeconds,
    clip_count: form.count,
    language: form.language,
    ...(form.compute && { compute: form.compute }),
    ...(form.captionPreset && { caption_preset: form.captionPreset }),
    ...(form.tighten && { tighten: true }),
    ...(form.outputLanguage && { output_language: form.outputLanguage }),
    ...(form.about.trim() && { about: form.about.trim() }),
  };
  for (const { path } of CreateJob.safeParse(request).error?.issues ?? []) {
    const field = FIELD_OF[String(path[0])];
    if (field)
      return {
        ok: false,
        field,
        problem: codeProblem("INVALID_INPUT", t(WRONG[field], { most: ABOUT_MOST })),
      };
  }
  return { ok: true, request, videoUrl: form.file ? null : form.address.trim() };
}

/**
 * What is wrong with a pasted address, or null. Pure.
 * Whether it leads somewhere private is left to the API: only the API knows which origins its operator allows.
 */
export function checkAddress(t: Translate, address: string): Problem | null {
  const text = address.trim();
  if (!text) return codeProblem("INVALID_INPUT", t("builder.address.required"));
  try {
    parseSourceUrl(text, { allow_private: true, allow_origins: [] });
    return null;
  } catch (error) {
    if (!(error instanceof KangKlipError)) throw error;
    const secret = error.code === "SOURCE_REFUSED"; // the only reason left
    return codeProblem(error.code, t(secret ? "builder.address.secret" : "builder.address.invalid"));
  }
}

/** What is wrong with a chosen file, or null. Pure. */
export function checkFile(
  t: Translate,
  file: { size: number },
  maxBytes: number | undefined,
): Problem | null {
  if (file.size === 0) return codeProblem("SOURCE_UNREADABLE", t("builder.file.empty"));
  if (maxBytes === undefined || file.size <= maxBytes) return null;
  const sizes = { size: sizeText(t, file.size), most: sizeText(t, maxBytes) };
  return codeProblem("SOURCE_TOO_LARGE", t("builder.file.tooLarge", sizes));
}

/**
 * Whether a video of this length can give such clips: what is wrong with it, or null. Pure. All in seconds.
 * @param seconds null: not known, so nothing is wrong as far as can be told @param most undefined: not known either
 */
export function checkLength(
  t: Translate,
  seconds: number | null,
  { most, wanted }: { most: number | undefined; wanted: number },
): Problem | null {
  if (seconds === null) return null;
  const length = spanText(t, seconds);
  if (most !== undefined && seconds > most)
    return codeProblem("SOURCE_TOO_LONG", t("builder.file.tooLong", { length, most: spanText(t, most) }));
  const needed = wanted * SHORTEST_CLIP;
  if (seconds >= needed) return null;
  const lengths = { length, wanted: spanText(t, wanted), needed: spanText(t, needed) };
  return codeProblem("SOURCE_TOO_SHORT", t("builder.file.tooShort", lengths));
}

/** Codes of `jobs.inspect` that a job of the same source would end with for certain: it is of no use to start one. */
const CERTAIN: readonly (ErrorCode | null)[] = [
  "SOURCE_REFUSED",
  "SOURCE_TOO_LONG",
  "SOURCE_TOO_LARGE",
  "SOURCE_TOO_SHORT",
  "SOURCE_LIVE",
  "YTDLP_MISSING",
  "NO_VIDEO",
];
/** Whether a failed look at a source means that there is no job in it; else it may be tried all the same. Pure. */
export const isRefusal = ({ code }: Problem): boolean => CERTAIN.includes(code);

const FIELD_OF: Record<string, Exclude<Field, "source">> = {
  clip_duration_seconds: "durationSeconds",
  clip_count: "count",
  language: "language",
  compute: "compute",
  caption_preset: "captionPreset",
  output_language: "outputLanguage",
  about: "about",
};

const WRONG = {
  durationSeconds: "builder.options.wrongDuration",
  count: "builder.options.wrongCount",
  language: "builder.options.wrongLanguage",
  outputLanguage: "builder.options.wrongLanguage",
  compute: "builder.options.wrongCompute",
  captionPreset: "builder.options.wrongLook",
  about: "builder.options.aboutTooLong",
} as const satisfies Record<Exclude<Field, "source">, string>;

/** The API's English with the names of its fields as the form calls them. Pure. */
export function inWords(text: string): string {
  return text
    .replace("video_url", "The address")
    .replace("clip_duration_seconds", "The clip length")
    .replace("clip_count", "The number of clips")
    .replace(/^language\b/, "The language")
    .replace(/^output_language\b/, "The language of titles")
    .replace(/^about\b/, "What the moments are about")
    .replace(/^compute: /, "");
}
