import { z } from "zod";
import type { SelectInput } from "../stage.ts";
import type { Span } from "./cuts.ts";
import { addressesMachine } from "./for-machines.ts";
import type { Languages } from "./languages.ts";
import { lengthOf, plainLine, shortened, visible, wordRuns } from "./plain-text.ts";
import type { Candidate } from "./score.ts";
import { type Talk, textOf } from "./talk.ts";
import { type ClipTexts, HOOK_LIMIT, REASON_LIMIT, TITLE_LIMIT } from "./titles.ts";

/** Candidates shown to a model, and code points of each one's text: about 40 x 300 tokens. */
const SHOWN_LIMIT = 40;
const TEXT_LIMIT = 1400;
/** Candidates that share more than this of their time with a better one are not shown. */
const SHOWN_OVERLAP = 0.5;
/** Picks of an answer that are looked at; more is no answer but noise. */
const PICKS_READ = 200;
const MODEL_NAME_LIMIT = 100;

/** What a model said, reduced to what it may say: known candidates in its order, and words for them. */
export interface Ranking {
  model: string;
  took: Took;
  picks: { candidate: Candidate; texts: Partial<ClipTexts> }[];
}

/** What a model's answers took; null where nobody says. */
export interface Took {
  tokens_in: number | null;
  tokens_out: number | null;
  usd: number | null;
}

const told = z.number().nullish().catch(null);
const Answer = z.object({
  model: z.string(),
  picks: z.array(z.unknown()),
  tokens_in: told,
  tokens_out: told,
  usd: told,
});

/** All answers together. */
export function tookTogether(
  ...all: (Partial<Record<keyof Took, number | null | undefined>> | null)[]
): Took {
  const sum = (name: keyof Took) => {
    const known = all.flatMap((took) => took?.[name] ?? []);
    return known.length > 0 ? known.reduce((total, value) => total + value, 0) : null;
  };
  return { tokens_in: sum("tokens_in"), tokens_out: sum("tokens_out"), usd: sum("usd") };
}
const ModelPick = z.object({
  id: z.string(),
  title: z.string().catch(""),
  hook: z.string().catch(""),
  reason: z.string().catch(""),
});

/** The best candidates that differ from each other, best first; `pool` is in that order. */
export function shownCandidates(pool: readonly Candidate[]): Candidate[] {
  const shown: Candidate[] = [];
  for (const candidate of pool) {
    if (shown.length === SHOWN_LIMIT) break;
    if (
      candidate.first <= candidate.last &&
      shown.every((other) => overlap(candidate, other) <= SHOWN_OVERLAP)
    )
      shown.push(candidate);
  }
  return shown;
}

/** Shared time over covered time of two spans (intersection over union), 0..1. */
function overlap(a: Span, b: Span): number {
  const shared = Math.max(0, Math.min(a.endMs, b.endMs) - Math.max(a.startMs, b.startMs));
  return shared / (a.endMs - a.startMs + (b.endMs - b.startMs) - shared);
}

/**
 * Asks a language model which of the shown candidates are best. It is given ids and texts and may answer with ids and texts only;
 * whatever else it says is dropped here: unknown and repeated ids, markup, links, words that only occur in orders to machines.
 * @throws whatever `rank` throws, an Error where the answer has no usable pick, or the reason of `signal`.
 */
export async function ranked(options: {
  talk: Talk;
  shown: readonly Candidate[];
  count: number;
  languages: Languages;
  /** What the user wishes to hear about. */
  about: string | null;
  rank: NonNullable<SelectInput["rank"]>;
  signal: AbortSignal;
}): Promise<Ranking> {
  const { talk, shown, count, languages, about, rank, signal } = options;
  const byId = new Map(shown.map((candidate, index) => [`c${index + 1}`, candidate]));
  const candidates = [...byId].map(([id, candidate]) => ({
    id,
    text: shortened(spokenText(talk, candidate), TEXT_LIMIT),
    score: candidate.score,
  }));
  const language = languages.wanted ?? languages.spoken ?? "auto";
  // a wish is a subject: one that is an order to a machine is for nobody
  const wish = about && !addressesMachine(about) ? plainLine(about) : "";
  const asked = { count, language, candidates, ...(wish && { about: wish }) };
  const answer = Answer.parse(await stoppable(rank(asked), signal));
  const picks: Ranking["picks"] = [];
  for (const raw of answer.picks.slice(0, PICKS_READ)) {
    const pick = ModelPick.safeParse(raw);
    const candidate = pick.success ? byId.get(pick.data.id) : undefined;
    if (!pick.success || !candidate) continue;
    byId.delete(pick.data.id);
    // who has been given orders may rank, for that changes no cut, but is not let speak
    const texts = talk.givesOrders ? {} : cleaned(talk, candidate, pick.data, languages.isForeign);
    picks.push({ candidate, texts });
  }
  if (picks.length === 0) throw new Error("The answer names no known candidate");
  const model = shortened(visible(answer.model.slice(0, 1000)), MODEL_NAME_LIMIT);
  return { model: model || "unnamed model", took: tookTogether(answer), picks };
}

/** What is said in a candidate, without the sentences that are written for a machine. */
function spokenText(talk: Talk, { first, last }: Candidate): string {
  const { sentences, sentenceOf } = talk;
  return sentences
    .slice(sentenceOf[first], (sentenceOf[last] ?? 0) + 1)
    .filter(({ isForMachine }) => !isForMachine)
    .map((sentence) => textOf(talk, Math.max(first, sentence.first), Math.min(last, sentence.last)))
    .join(" ");
}

/**
 * A model's words for a clip, those that can be used: a line for people that has to do with what is said in it. In another language
 * than the spoken one (`isForeign`) no words are in common by which that could be told.
 */
function cleaned(
  talk: Talk,
  { first, last }: Candidate,
  { title, hook, reason }: z.infer<typeof ModelPick>,
  isForeign: boolean,
): Partial<ClipTexts> {
  const spoken = textOf(talk, first, last).normalize("NFKC").toLowerCase();
  const texts: Partial<ClipTexts> = {};
  const usable = (text: string, limit: number) => {
    const line = shortened(plainLine(text), limit);
    const says = lengthOf(line.replace(/[^\p{L}\p{N}]/gu, "")) >= 3;
    const isForMachines =
      addressesMachine(text) ||
      wordRuns(line).some((run) => talk.machineWords.has(run)) ||
      line.split(" ").some((word) => isCode(word) && !spoken.includes(word.toLowerCase()));
    return says && !isForMachines ? line : undefined;
  };
  const itsTitle = usable(title, TITLE_LIMIT);
  const itsHook = usable(hook, HOOK_LIMIT);
  const itsReason = usable(reason, REASON_LIMIT);
  const fits = (line: string) => isForeign || echoes(talk, line, spoken);
  if (itsTitle && fits(itsTitle)) texts.title = itsTitle.replace(/\.$/u, "");
  if (itsHook && fits(itsHook)) texts.hook = itsHook;
  if (itsReason) texts.reason = itsReason;
  return texts;
}

/** A caption that a model wrote, as a line for people; undefined where it tells what only machines were told. */
export function captionLine(talk: Talk, text: string): string | undefined {
  const line = plainLine(text);
  const isForMachines = addressesMachine(text) || wordRuns(line).some((run) => talk.machineWords.has(run));
  return line !== "" && !isForMachines ? line : undefined;
}

/** "GPT-4", "ZX81": nothing that a title would have unless it was said. Plain figures are no code: who says twenty may write 20. */
const isCode = (word: string) =>
  /\p{L}{2}.*\d|\d.*\p{L}{3}/u.test(word) && !/^\d+(?:st|nd|rd|th|s)?\P{L}*$/iu.test(word);

/** As many letters in a row are a likeness: "asleep" has to do with "sleep". In scripts that write a word in two letters two are. */
const ALIKE_LETTERS = 4;
const ALIKE_SIGNS = 2;
const SIGNS = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** Whether one of a line's words of content is like what is spoken; a line of small words alone is like anything. */
function echoes({ lexicon }: Talk, line: string, spoken: string): boolean {
  const content = wordRuns(line).filter((word) => !lexicon.stop.has(word));
  const pieces = content.flatMap((word) => {
    const length = SIGNS.test(word) ? ALIKE_SIGNS : ALIKE_LETTERS;
    return Array.from({ length: Math.max(0, word.length - length + 1) }, (_, at) =>
      word.slice(at, at + length),
    );
  });
  return pieces.length === 0 || pieces.some((piece) => spoken.includes(piece));
}

/** The promise, or the signal's reason as soon as it aborts: what was asked may never answer. */
export async function stoppable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
