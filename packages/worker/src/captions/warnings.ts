import type { EdlClip } from "@kangklip/contract";
import { type Cue, FASTEST_CPS, lettersOf } from "./cues.ts";
import { isUndrawn } from "./emoji.ts";
import type { CaptionStyle } from "./style.ts";

/** More than this share of letters without a font is a picture full of empty boxes: better none. */
const MOST_MISSING = 0.25;
/** This share of a clip's captions that nobody can read in time is worth a word. */
const MOST_TOO_FAST = 0.1;

export interface CaptionState {
  /** Whether the captions can be drawn so that they say something. */
  drawable: boolean;
  /** One sentence each, for the person who looks at the clip. */
  warnings: string[];
}

/** What is wrong with a clip's captions that no repair of ours removes. Nothing of it stays unsaid. */
export function captionState(
  { words, segments }: Pick<EdlClip, "words" | "segments">,
  cues: Cue[],
  style: CaptionStyle,
): CaptionState {
  const warnings = [...style.warnings];
  if (cues.length === 0) {
    const hasText =
      words.some(({ word }) => word.trim() !== "") || segments.some(({ text }) => text.trim() !== "");
    if (hasText) warnings.push("Something is said in this clip, but it has no captions.");
    return { drawable: false, warnings };
  }
  const text = cues.flatMap(({ lines }) => lines.flat().map((word) => word.text)).join("");
  const missing = style.missing(text);
  const letters = Array.from(style.drawn(text)).filter((one) => !isUndrawn(one)).length;
  const drawable = letters > 0 && missing.length <= MOST_MISSING * letters;
  if (missing.length > 0) {
    const signs = [...new Set(missing)].slice(0, 12).join(" ");
    const share = `${missing.length} of ${letters} characters of the captions have no font on this machine (${signs})`;
    warnings.push(
      drawable
        ? `${share}: they appear as empty boxes. ${INSTALL}`
        : `${share}, so they are not drawn into the picture; the subtitle files have them. ${INSTALL}`,
    );
  }
  if (letters === 0)
    warnings.push("The captions are nothing but emoji, which are not drawn; the subtitle files have them.");
  const tooFast = cues.filter((cue) => lettersOf(cue.lines) / (cue.end - cue.start) > FASTEST_CPS);
  if (tooFast.length > MOST_TOO_FAST * cues.length)
    warnings.push(
      `${tooFast.length} of ${cues.length} captions ask for more than ${FASTEST_CPS} characters a second: the words come too fast to be read.`,
    );
  return { drawable, warnings };
}

const INSTALL = "Debian: apt-get install -y fonts-noto-core fonts-noto-cjk.";
