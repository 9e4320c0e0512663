import { type EdlClip, KangKlipError } from "@kangklip/contract";
import { translatedClips } from "../captions/translate.ts";
import { sentenceWindows, type Window, windowOf, wordWindows } from "../select/candidates.ts";
import { clipLengths, type Span } from "../select/cuts.ts";
import { edlClips } from "../select/edl.ts";
import { addressesMachine } from "../select/for-machines.ts";
import { type Languages, languagesOf, nameOf } from "../select/languages.ts";
import { codeOf } from "../select/lexicon.ts";
import { sureClip } from "../select/opening.ts";
import {
  APART,
  choose,
  mostBeside,
  mostTogether,
  type Rule,
  TOUCHING,
  tightestRow,
} from "../select/packing.ts";
import { plainLine, shortened } from "../select/plain-text.ts";
import {
  captionLine,
  type Ranking,
  ranked,
  shownCandidates,
  stoppable,
  type Took,
  tookTogether,
} from "../select/rerank.ts";
import { type Candidate, scored } from "../select/score.ts";
import { type Talk, talkOf } from "../select/talk.ts";
import { likenessIn } from "../select/variety.ts";
import type { SelectInput, Selection, StageContext } from "../stage.ts";

/** How long a language model is waited for: longer than the API does (LLM_TIMEOUT_SECONDS, 300 s at most), whose time-out says why. */
const RANK_TIMEOUT_MS = 310_000;

/**
 * SELECT: chooses what is cut. Exactly as many clips as were asked for, or as fit into the video; none cuts a word; each is 0.8 to 1.1
 * times the length asked for and never above 60 s; best first. The same input gives the same EDL, byte for byte. A language model
 * (`input.rank`) may change the order and the words, never the times or the number; without one, or when it fails, the talk's own
 * score decides. In a long talk the first clip may be one that is sure from the opening alone (select/opening.ts), so that it can be made
 * before the rest is heard; neither the rest nor the model changes it. The job's wishes: `about` puts what is about it first, `tighten` leaves fillers and long silences out of the clips,
 * `output_language` is that of the texts and, where a model translates (`input.translate`), of the captions.
 * @throws KangKlipError SOURCE_TOO_SHORT where not one clip fits, FENCED or CANCELLED from the model's calls, or the reason of the signal.
 */
export async function select(
  context: StageContext,
  input: SelectInput,
  { rankTimeoutMs = RANK_TIMEOUT_MS } = {},
): Promise<Selection> {
  const { job, signal } = context;
  const { clip_duration_seconds: clipSeconds, clip_count: asked } = job;
  signal.throwIfAborted();
  const { talk, pool, rule, count } = chosenFrom(context, input);
  if (count < asked)
    context.notice(
      `Only ${count === 1 ? "one clip" : `${count} clips`} of about ${clipSeconds} s fit into this video; ${asked} were asked for.`,
    );
  const heard = input.transcript.language;
  const languages = languagesOf(talk, { heard, told: job.language, wanted: job.output_language });
  const sure = alreadySure(context, input, { talk, pool, rule, count });
  const taken = sure.map(({ candidate }) => candidate);
  const free = pool.filter((span) => taken.every((other) => !overlaps(span, other)));
  const left = count - taken.length;
  const ranking = await askModel(context, { input, talk, pool: free, count: left, languages, rankTimeoutMs });
  const wanted = ranking?.picks.map(({ candidate }) => candidate) ?? [];
  const likeness = likenessIn(talk, count);
  const worth = (clip: Candidate, others: readonly Candidate[]) => clip.score - likeness(clip, others);
  const chosen = choose({ pool, rule, count, taken, wanted, worth }).slice(taken.length);
  const ordered = bestFirst(chosen, wanted);
  if (!ranking) sayWhatIsLacking(context, { talk, chosen: ordered, languages });
  const before = sure.map(({ clip }) => clip);
  const language = codeOf(languages.wanted) ?? languages.spoken;
  const own = [...before, ...edlClips(talk, ordered, ranking, { language, before })];
  const { clips, took, hasFailed } = await inLanguage(context, {
    input,
    talk,
    clips: own,
    languages,
    rankTimeoutMs,
  });
  context.progress(1, `Chose ${clips.length} of ${pool.length} moments`);
  const isAsked = ranking !== null || took !== null;
  return {
    edl: { job_id: job.job_id, clips, version: 2, source_seconds: talk.sourceMs / 1000 },
    mode: ranking ? "llm_api" : "heuristic",
    selector: ranking?.model ?? "heuristic",
    usage: isAsked ? tookTogether(ranking?.took ?? null, took) : null,
    isSecondBest: (input.rank !== null && talk.words.length > 0 && !ranking) || hasFailed,
  };
}

/**
 * The talk with its candidates, and how many clips there will be. Where fewer would fit without fillers and silences than with them,
 * they stay: the number of clips comes first.
 */
function chosenFrom(context: StageContext, input: SelectInput) {
  const { clip_duration_seconds: clipSeconds, clip_count: asked, tighten, about } = context.job;
  const { shortestMs } = clipLengths(clipSeconds);
  const made = (talk: Talk) => {
    const { pool, rule } = poolOf(talk, clipSeconds, asked);
    return { talk, pool, rule, count: Math.min(asked, mostTogether(pool, rule)) };
  };
  const begin = (talk: Talk) => {
    if (talk.sourceMs < shortestMs)
      throw new KangKlipError(
        "SOURCE_TOO_SHORT",
        `The video is ${talk.sourceMs / 1000} s long, and a clip of ${clipSeconds} s needs ${shortestMs / 1000} s at least`,
      );
    context.progress(0.1, "Looking for the best moments");
    return talk.durationMs < shortestMs ? undefined : made(talk);
  };
  const first = begin(talkOf(input, { tighten, about }));
  if (first && (!tighten || first.count === asked || first.talk.leftOut.ms === 0)) {
    if (tighten) context.log("tightened", first.talk.leftOut);
    return first;
  }
  const asItIs = made(talkOf(input, { about }));
  if (first && first.count >= asItIs.count) return first;
  context.notice(
    "Fillers and silences were left in, for without them fewer clips would fit into this video.",
  );
  return asItIs;
}

/**
 * The clip that is shown already, or is sure by the rule of openings: it takes part as what was chosen first, with the words of the whole
 * talk. Where it would cost one of the clips that were asked for it is none.
 */
function alreadySure(
  { job, log }: StageContext,
  input: SelectInput,
  { talk, pool, rule, count }: ReturnType<typeof chosenFrom>,
): { clip: EdlClip; candidate: Candidate }[] {
  const { shown = null } = input;
  const clip = shown ?? sureClip(job, { ...input, levels: input.sound.levels });
  const [from, to] = [clip?.segments[0], clip?.segments.at(-1)];
  if (!clip || !from || !to) return [];
  const span = { startMs: Math.round(from.start * 1000), endMs: Math.round(to.end * 1000) };
  const candidate = scored(talk, clipLengths(job.clip_duration_seconds), windowOf(talk, span));
  const hasRoom = mostBeside(pool, [candidate], rule) >= count;
  log("sure", { start: from.start, end: to.end, score: clip.score, hasRoom, isShown: shown !== null });
  return hasRoom || shown ? [{ clip, candidate }] : [];
}

const overlaps = (a: Span, b: Span) => a.startMs < b.endMs && b.startMs < a.endMs;

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
  asked: {
    input: SelectInput;
    talk: Talk;
    pool: readonly Candidate[];
    count: number;
    languages: Languages;
    rankTimeoutMs: number;
  },
): Promise<Ranking | null> {
  const { input, talk, pool, count, languages, rankTimeoutMs } = asked;
  const shown = shownCandidates(pool);
  if (!input.rank || shown.length === 0) return null;
  context.progress(0.3, `Asking the language model about ${shown.length} moments`);
  const { job, signal } = context;
  const { about } = job;
  const stop = AbortSignal.any([signal, AbortSignal.timeout(rankTimeoutMs)]);
  try {
    return await ranked({ talk, shown, count, languages, about, rank: input.rank, signal: stop });
  } catch (error) {
    const why = whyModelFailed(error, context.signal, stop);
    context.log("rank_failed", { why });
    context.notice(`${why}, so the clips were chosen by KangKlip's own rules.`);
    return null;
  }
}

/** In a sentence without its full stop. @throws the error itself where the job must not go on */
function whyModelFailed(error: unknown, signal: AbortSignal, stop: AbortSignal): string {
  signal.throwIfAborted();
  const isOurs = error instanceof KangKlipError; // other errors may quote the model
  if (isOurs && (error.code === "FENCED" || error.code === "CANCELLED")) throw error;
  if (isOurs) return error.message;
  return stop.aborted
    ? "The language model did not answer in time"
    : "The language model gave no answer that can be used";
}

/** What a job wished for that needs a language model, or that nobody talks about. */
function sayWhatIsLacking(
  { job, notice }: StageContext,
  of: { talk: Talk; chosen: readonly Candidate[]; languages: Languages },
): void {
  const { talk, chosen, languages } = of;
  if (job.about) {
    const line = addressesMachine(job.about) ? "" : shortened(plainLine(job.about), 80);
    const subject = line ? `“${line}”` : "what was asked for";
    const met = chosen.filter(({ parts }) => (parts.about ?? 0) > 0).length;
    if (met === 0) notice(`Nothing in the video is about ${subject}, so the best moments were chosen.`);
    else if (met < chosen.length)
      notice(
        `Only ${met === 1 ? "one clip is" : `${met} clips are`} about ${subject}; the others are the best of the rest.`,
      );
  }
  if (languages.isForeign && talk.words.length > 0)
    notice(
      `Titles stay in ${nameOf(languages.spoken)}: to write them in ${nameOf(languages.wanted)} a language model is needed (LLM_API_BASE).`,
    );
}

/** The clips with their captions in the language that was asked for, where somebody can translate them. */
async function inLanguage(
  context: StageContext,
  of: { input: SelectInput; talk: Talk; clips: EdlClip[]; languages: Languages; rankTimeoutMs: number },
): Promise<{ clips: EdlClip[]; took: Took | null; hasFailed: boolean }> {
  const { input, talk, clips, languages, rankTimeoutMs } = of;
  const { wanted, spoken } = languages;
  const { translate } = input;
  if (!translate || !languages.isForeign || wanted === null || talk.words.length === 0)
    return { clips, took: null, hasFailed: false };
  const { signal } = context;
  context.progress(0.7, `Translating the captions into ${nameOf(wanted)}`);
  const stop = AbortSignal.any([signal, AbortSignal.timeout(rankTimeoutMs)]);
  const { lines, kept, answers, failure, ...translated } = await translatedClips({
    clips,
    language: wanted,
    ask: (asked) => stoppable(translate(asked), stop),
    isForPeople: (line) => !addressesMachine(line),
    usable: (text) => captionLine(talk, text),
  });
  const took = answers.length > 0 ? tookTogether(...answers) : null;
  const [to, from] = [nameOf(wanted), nameOf(spoken)];
  if (failure !== undefined) {
    const why = whyModelFailed(failure, signal, stop);
    context.log("translate_failed", { why });
    const what = kept === lines ? "the captions stay" : `${kept} of ${lines} lines of the captions stay`;
    context.notice(`${why}, so ${what} in ${from}.`);
  } else if (kept > 0)
    context.notice(
      `${kept} of ${lines} lines of the captions could not be translated into ${to} and stay in ${from}.`,
    );
  return { clips: translated.clips, took, hasFailed: kept > 0 };
}

/** The model's choices in its order, then the others by score. */
function bestFirst(chosen: readonly Candidate[], wanted: readonly Candidate[]): Candidate[] {
  const place = (clip: Candidate) => {
    const index = wanted.indexOf(clip);
    return index < 0 ? wanted.length : index;
  };
  return chosen.toSorted((a, b) => place(a) - place(b) || b.score - a.score || a.startMs - b.startMs);
}
