import { codeOf } from "./lexicon.ts";
import type { Talk } from "./talk.ts";

/** In which language a clip's texts are, and the one that is spoken. */
export interface Languages {
  /** Code of what is spoken ("en"); null where nobody knows. */
  spoken: string | null;
  /** As it was asked for ("pt-BR"); null: the spoken one. */
  wanted: string | null;
  /** Whether what is said has to be translated for it. */
  isForeign: boolean;
}

/**
 * @param heard what the recogniser says that it is, `told` what the user says that it is, `wanted` what they ask for; "auto": nothing
 */
export function languagesOf(
  { lexicon }: Pick<Talk, "lexicon">,
  { heard, told, wanted }: { heard: string | null; told: string; wanted: string },
): Languages {
  const spoken = codeOf(heard) ?? codeOf(told) ?? lexicon.code;
  const output = codeOf(wanted) === null ? null : wanted;
  return { spoken, wanted: output, isForeign: output !== null && codeOf(output) !== spoken };
}

/** A language as people call it, in English; null or unknown: "the language that is spoken". */
export function nameOf(tag: string | null): string {
  try {
    const name = tag && new Intl.DisplayNames(["en"], { type: "language", fallback: "none" }).of(tag);
    return name || "the language that is spoken";
  } catch {
    return "the language that is spoken"; // no tag at all
  }
}
