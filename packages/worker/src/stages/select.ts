import { type EdlClip, KangKlipError } from "@kangklip/contract";
import { sentenceWindows, type Window, windowOf, wordWindows } from "../select/candidates.ts";
import { clipLengths } from "../select/cuts.ts";
import { APART, choose, mostTogether, type Rule, TOUCHING, tightestRow } from "../select/packing.ts";
import { type Ranking, ranked, shownCandidates } from "../select/rerank.ts";
import { type Candidate, scored } from "../select/score.ts";
import { type Talk, talkOf, textOf } from "../select/talk.ts";
import { clipTexts } from "../select/titles.ts";
import { likenessIn } from "../select/variety.ts";
import type { SelectInput, Selection, StageContext } from "../stage.ts";

/** How long a language model is waited for: longer than the API does (LLM_TIMEOUT_SECONDS, 300 s at most), whose time-out says why. */
const RANK_TIMEOUT_MS = 310_000;

/**
 * SELECT: chooses what is cut. Exactly as many clips as were asked for, or as fit into the video; none cuts a word; each is 0.8 to 1.1
 * times the length asked for and never above 60 s; best first. The same input gives the same EDL, byte for byte. A language model
 * (`input.rank`) may change the order and the words, never the times or the number; without one, or when it fails, the talk's own
 * score decides.
 * @throws KangKlipError SOURCE_TOO_SHORT where not one clip fits, FENCED or CANCELLED from `rank`, or the reason of the signal.
 */
export async function select(
  context: StageContext,
  input: SelectInput,
  { rankTimeoutMs = RANK_TIMEOUT_MS } = {},
): Promise<Selection> {
  const { job, signal } = context;
  const { clip_duration_seconds: clipSeconds, clip_count: asked } = job;
  const lengths = clipLengths(clipSeconds);
  signal.throwIfAborted();
  const talk = talkOf(input);
  if (talk.durationMs < lengths.shortestMs)
    throw new KangKlipError(
      "SOURCE_TOO_SHORT",
      `The video is ${talk.durationMs / 1000} s long, and a clip of ${clipSeconds} s needs ${lengths.shortestMs / 1000} s at least`,
    );
  context.progress(0.1, "Looking for the best moments");
  const { pool, rule } = poolOf(talk, clipSeconds, asked);
  const count = Math.min(asked, mostTogether(pool, rule));
  if (count < asked)
    context.notice(
      `Only ${count === 1 ? "one clip" : `${count} clips`} of about ${clipSeconds} s fit into this video; ${asked} were asked for.`,
    );
  const ranking = await askModel(context, { input, talk, pool, count, rankTimeoutMs });
  const wanted = ranking?.picks.map(({ candidate }) => candidate) ?? [];
  const likeness = likenessIn(talk, count);
  const worth = (clip: Candidate, others: readonly Candidate[]) => clip.score - likeness(clip, others);
  const chosen = choose({ pool, rule, count, wanted, worth });
  const clips = edlClips(talk, bestFirst(chosen, wanted), ranking);
  context.progress(1, `Chose ${clips.length} of ${pool.length} moments`);
  return {
    edl: { job_id: job.job_id, clips, version: 2, source_seconds: talk.durationMs / 1000 },
    mode: ranking ? "llm_api" : "heuristic",
    selector: ranking?.model ?? "heuristic",
  };
}

/** Scored windows, best first, and the rule under which `asked` of them (or as many as ever fit) can stand together. */
function poolOf(talk: Talk, clipSeconds: number, asked: number): { pool: Candidate[]; rule: Rule } {
  const lengths = clipLengths(clipSeconds);
  let windows: Window[] = sentenceWindows(talk, lengths);
  let rule = APART;
  if (mostTogether(windows, APART) < asked) {
    const row = tightestRow(talk.cuts, lengths, APART, asked).map((span) => windowOf(talk, span));
    windows = [...windows, ...wordWindows(talk, lengths), ...row];
  }
  const most = mostTogether(windows, APART);
  if (most < asked) {
    const row = tightestRow(talk.cuts, lengths, TOUCHING, asked).map((span) => windowOf(talk, span));
    windows = [...windows, ...row];
    if (mostTogether(windows, TOUCHING) > most) rule = TOUCHING;
  }
  // one "word" longer than a clip leaves no allowed cut at all: better a cut word than no clip
  if (windows.length === 0)
    windows = [windowOf(talk, { startMs: 0, endMs: Math.min(talk.durationMs, lengths.targetMs) })];
  const pool = windows.map((window) => scored(talk, lengths, window));
  return { pool: pool.sort((a, b) => b.score - a.score || a.startMs - b.startMs || a.endMs - b.endMs), rule };
}

/** The model's ranking, or null where there is no model, nothing to show it, or no usable answer in time. */
async function askModel(
  context: StageContext,
  asked: { input: SelectInput; talk: Talk; pool: readonly Candidate[]; count: number; rankTimeoutMs: number },
): Promise<Ranking | null> {
  const { input, talk, pool, count, rankTimeoutMs } = asked;
  const shown = shownCandidates(pool);
  if (!input.rank || shown.length === 0) return null;
  context.progress(0.3, `Asking the language model about ${shown.length} moments`);
  const { job, signal } = context;
  const stop = AbortSignal.any([signal, AbortSignal.timeout(rankTimeoutMs)]);
  try {
    return await ranked({ talk, shown, count, language: job.language, rank: input.rank, signal: stop });
  } catch (error) {
    signal.throwIfAborted();
    const isOurs = error instanceof KangKlipError; // other errors may quote the model
    if (isOurs && (error.code === "FENCED" || error.code === "CANCELLED")) throw error;
    const why = isOurs
      ? error.message
      : stop.aborted
        ? "The language model did not answer in time"
        : "The language model gave no answer that can be used";
    context.log("rank_failed", { why });
    context.notice(`${why}, so the clips were chosen by KangKlip's own rules.`);
    return null;
  }
}

/** The model's choices in its order, then the others by score. */
function bestFirst(chosen: readonly Candidate[], wanted: readonly Candidate[]): Candidate[] {
  const place = (clip: Candidate) => {
    const index = wanted.indexOf(clip);
    return index < 0 ? wanted.length : index;
  };
  return chosen.toSorted((a, b) => place(a) - place(b) || b.score - a.score || a.startMs - b.startMs);
}

/** The clips as the EDL keeps them; texts of the model stand in for our own where it gave usable ones. */
function edlClips(talk: Talk, clips: readonly Candidate[], ranking: Ranking | null): EdlClip[] {
  const titles: string[] = [];
  return clips.map((clip, index) => {
    const own = clipTexts(talk, clip, titles);
    const theirs = ranking?.picks.find(({ candidate }) => candidate === clip)?.texts ?? {};
    const texts = { ...own, ...theirs };
    if (titles.includes(texts.title)) texts.title = own.title;
    titles.push(texts.title);
    const { startMs, endMs, first, last } = clip;
    const said = textOf(talk, first, last);
    return {
      index: index + 1,
      title: texts.title,
      hook: texts.hook,
      segments: [{ start: startMs / 1000, end: endMs / 1000, text: said }],
      score: clip.score,
      score_parts: clip.parts,
      reason: texts.reason,
      words: talk.words
        .slice(first, last + 1)
        .map((word) => ({ word: word.text, start: word.startMs / 1000, end: word.endMs / 1000 })),
      framing: [],
      overrides: [],
      revision: 1,
    };
  });
}
