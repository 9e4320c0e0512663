import { CreateJob, KangKlipError, parseSourceUrl } from "@kangklip/contract";
import type { JobOptions } from "./options-memory.ts";
import { codeProblem, type Problem } from "./problem.ts";
import { size } from "./time.ts";

/** What the form holds. A file goes before an address. */
export interface JobForm extends JobOptions {
  address: string;
  file: { name: string; size: number } | null;
  /** What the moments should be about; empty: whatever is good. */
  about: string;
  /** Where it may run; undefined: at any of the installation's providers. */
  compute: string[] | undefined;
}

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
export function checkForm(form: JobForm, maxBytes: number | undefined): CheckedForm {
  const wrongSource = form.file ? checkFile(form.file, maxBytes) : checkAddress(form.address);
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
  for (const { path, message } of CreateJob.safeParse(request).error?.issues ?? []) {
    const field = FIELD_OF[String(path[0])];
    if (field) return { ok: false, field, problem: codeProblem("INVALID_INPUT", inWords(message)) };
  }
  return { ok: true, request, videoUrl: form.file ? null : form.address.trim() };
}

/**
 * What is wrong with a pasted address, or null. Pure.
 * Whether it leads somewhere private is left to the API: only the API knows which origins its operator allows.
 */
export function checkAddress(address: string): Problem | null {
  const text = address.trim();
  if (!text) return codeProblem("INVALID_INPUT", inWords("video_url is required"));
  try {
    parseSourceUrl(text, { allow_private: true, allow_origins: [] });
    return null;
  } catch (error) {
    if (!(error instanceof KangKlipError)) throw error;
    return codeProblem(error.code, inWords(error.message));
  }
}

/** What is wrong with a chosen file, or null. Pure. */
export function checkFile(file: { size: number }, maxBytes: number | undefined): Problem | null {
  if (file.size === 0) return codeProblem("SOURCE_UNREADABLE", "The file is empty");
  if (maxBytes === undefined || file.size <= maxBytes) return null;
  const message = `The file has ${size(file.size)}; this installation takes up to ${size(maxBytes)}`;
  return codeProblem("SOURCE_TOO_LARGE", message);
}

const FIELD_OF: Record<string, Exclude<Field, "source">> = {
  clip_duration_seconds: "durationSeconds",
  clip_count: "count",
  language: "language",
  compute: "compute",
  caption_preset: "captionPreset",
  output_language: "outputLanguage",
  about: "about",
};

/** The contract's text with the names of its fields as the form calls them. Pure. */
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
