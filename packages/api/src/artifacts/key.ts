import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";

/** Segments begin with a letter, digit, `_` or `-`: no key has "..", an empty segment or a hidden name in it. */
const SEGMENT = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}";
const MAX_LENGTH = 500;

/** The name of one object, such as "jobs/kk_…/clip_01.mp4". */
export const ArtifactKey = z
  .string()
  .max(MAX_LENGTH)
  .regex(new RegExp(`^(jobs|uploads)(/${SEGMENT})+$`));

/** The beginning of keys, such as "jobs/kk_…/": a folder, or a folder and the beginning of a name. */
export const ArtifactPrefix = z
  .string()
  .max(MAX_LENGTH)
  .regex(new RegExp(`^(jobs|uploads)/(${SEGMENT}/)*(${SEGMENT})?$`));

/** @throws KangKlipError INVALID_INPUT */
export function parseKey(schema: typeof ArtifactKey, text: string): string {
  const parsed = schema.safeParse(text);
  if (!parsed.success) throw new KangKlipError("INVALID_INPUT", "This is no name of an artifact");
  return parsed.data;
}
