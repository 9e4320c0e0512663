import type { EdlClip } from "@kangklip/contract";
import { inARow } from "./plain-text.ts";
import type { Ranking } from "./rerank.ts";
import type { Candidate } from "./score.ts";
import type { Talk } from "./talk.ts";
import { clipTexts, isTaken } from "./titles.ts";

/**
 * Candidates as the EDL keeps them; texts of the model stand in for our own where it gave usable ones.
 * @param language code of that of the reasons @param before clips that stand before them in the EDL
 */
export function edlClips(
  talk: Talk,
  clips: readonly Candidate[],
  ranking: Ranking | null,
  { language, before = [] }: { language: string | null; before?: readonly EdlClip[] },
): EdlClip[] {
  const titles = before.map(({ title }) => title);
  return clips.map((clip, index) => {
    const own = clipTexts(talk, clip, titles, language);
    const theirs = ranking?.picks.find(({ candidate }) => candidate === clip)?.texts ?? {};
    const texts = { ...own, ...theirs };
    if (isTaken(titles, texts.title)) texts.title = own.title;
    titles.push(texts.title);
    const { first, last } = clip;
    const words = talk.sourceWords.slice(first, last + 1);
    return {
      index: before.length + index + 1,
      title: texts.title,
      hook: texts.hook,
      segments: talk.onSource(clip).map(({ startMs, endMs }) => ({
        start: startMs / 1000,
        end: endMs / 1000,
        text: inARow(
          words.filter((word) => word.startMs >= startMs && word.endMs <= endMs).map(({ text }) => text),
        ),
      })),
      score: clip.score,
      score_parts: clip.parts,
      reason: texts.reason,
      words: words.map((word) => ({ word: word.text, start: word.startMs / 1000, end: word.endMs / 1000 })),
      framing: [],
      overrides: [],
      revision: 1,
    };
  });
}
