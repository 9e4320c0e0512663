import { mended } from "./fillers.ts";
import { believablePhrases } from "./phrases.ts";
import { inARow, lengthOf, plainLine, plainWord, shortened } from "./plain-text.ts";
import { reasonFor } from "./reasons.ts";
import { type Candidate, catching, leaning, strength } from "./score.ts";
import { type HeardSentence, type Talk, textOf } from "./talk.ts";

/** Code points of the texts that go with a clip. */
export const TITLE_LIMIT = 60;
export const HOOK_LIMIT = 90;
export const REASON_LIMIT = 240;

/** What is shown and posted with a clip. */
export interface ClipTexts {
  title: string;
  hook: string;
  reason: string;
}

/** Openers that a title does without. "No." is one, the "no" of "no man" is not. */
const OPENERS =
  /^(?:(?:and|so(?! (?:many|much|few|far|little)\b)|but|or|because|then|dan|jadi|tapi|karena|terus|lalu)\b[\s,]*|(?:well|okay|ok|now|yeah|yes|no|wait|look|listen|nah|ya|tidak|first|second|third|finally|pertama|kedua|ketiga)[,.!…]+\s*)+/iu;

/**
 * Title, hook and reason of a clip, from what is said in it: the title is its best sentence, the hook the first strong one of the
 * others. Of words of low accuracy only believable phrases are used. Where nothing readable is said the clip is named after the source
 * and its time.
 * @param taken titles that other clips of the job have already. @param language code of that of the reason, where it has words for it
 */
export function clipTexts(
  talk: Talk,
  clip: Candidate,
  taken: readonly string[],
  language: string | null = talk.lexicon.code,
): ClipTexts {
  const lines = talk.isReliable ? readable(talk, clip) : believablePhrases(talk, clip);
  const opening = openingOf(talk, lines);
  const best = lines
    .map((line) => ({ line, title: titleFrom(talk, line) }))
    .filter(({ title }) => /\p{L}{2}/u.test(title) && !isTaken(taken, title))
    .map((option) => ({
      ...option,
      worth: titleWorth(talk, clip, option) - 0.25 * Number(opening && share(option.line, opening)),
    }))
    .sort((a, b) => b.worth - a.worth)[0];
  const moment = momentTexts(talk, clip, taken);
  const reason = reasonFor(talk, clip, language);
  if (!best) return { ...moment, reason };
  const others = lines.filter((line) => !share(line, best.line) && titleFrom(talk, line) !== best.title);
  const hook = openingOf(talk, others) ?? (talk.isReliable ? best.line : undefined);
  const line = hook ? hookFrom(talk, hook) : "";
  const saysMore = widthOf(line) > 0 && !isTaken([best.title], line);
  return { title: best.title, hook: saysMore ? line : moment.hook, reason };
}

/** What captions say of sounds, and who they say it is. */
const SOUND_ONLY = /^[\s>–—-]*(?:[[(（【*♪♫][^\])）】]*[\])）】*♪♫]\s*)+[.!]?$/u;
const SPEAKER = /^(?:[>–—-]{1,3}\s*)?(?:\p{Lu}[\p{Lu}\p{N} .'’-]{1,24}:\s+)?/u;

/** Whether two lines have words in common: phrases of one breath do. */
const share = (a: HeardSentence, b: HeardSentence) => a.first <= b.last && b.first <= a.last;

/** The whole sentences of a clip that are meant for people; where there is none, its first words. */
function readable(talk: Talk, { first, last }: Candidate): HeardSentence[] {
  if (first > last) return [];
  const { sentences, sentenceOf } = talk;
  const from = sentenceOf[first] ?? 0;
  const all = sentences.slice(from, (sentenceOf[last] ?? 0) + 1);
  const meant = all.filter(
    (sentence) => !sentence.isForMachine && !SOUND_ONLY.test(textOf(talk, sentence.first, sentence.last)),
  );
  const whole = meant.filter((sentence) => sentence.first >= first && sentence.last <= last);
  const good = whole.filter(({ isBoilerplate }) => !isBoilerplate);
  return [good, whole, meant].find((list) => list.length > 0) ?? [];
}

/**
 * What a sentence says, in one line, without the words that fill time and without its speaker's name. One without marks gets the one
 * that belongs to it, if it asks. Of a run of words that nothing divides, what comes before its first clause is left out.
 */
function lineFrom(talk: Talk, sentence: HeardSentence): string {
  const { last, isQuestion } = sentence;
  const first = clauseStart(talk, sentence);
  const end = Math.min(last, first + 60);
  const said: string[] = [];
  for (let at = first; at <= end; at++) {
    if (talk.fills[at]) continue;
    const around = (step: -1 | 1) => {
      let far = at + step;
      while (far >= first && far <= end && talk.fills[far]) far += step;
      return far;
    };
    const [before, after] = [around(-1), around(1)];
    const left = (from: number, to: number) => talk.sourceWords.slice(from, to);
    const text = talk.sourceWords[at]?.text ?? "";
    said.push(mended(text, left(before + 1, at), left(at + 1, after), talk.sourceWords[after]));
  }
  const line = plainLine(inARow(said).replace(SPEAKER, ""));
  const marked = talk.isReliable ? line : line.replace(/\.$/u, "");
  return isQuestion && end === last && !/[.?!…。？！؟]$/u.test(marked) ? `${marked}?` : marked;
}

/** How far into a run of words a clause may begin so that the run is heard from there. */
const CLAUSE_WITHIN = 14;

function clauseStart({ borders, plain, lexicon }: Talk, { first, last }: HeardSentence): number {
  if (borders[first - 1] !== "breath") return first;
  const { subordinate, questions, auxiliaries } = lexicon;
  const limit = Math.min(last - 6, first + CLAUSE_WITHIN);
  for (let at = first; at <= limit; at++) {
    const [word = "", next = ""] = plain.slice(at, at + 2);
    if (subordinate.has(word) || (questions.has(word) && (auxiliaries.size === 0 || auxiliaries.has(next))))
      return at;
  }
  return first;
}

/** A sentence as a title: without its opener and its full stop, in sentence case, at most 60 characters. */
function titleFrom(talk: Talk, sentence: HeardSentence): string {
  const line = lineFrom(talk, sentence);
  const shorter = line.replace(OPENERS, "");
  const title = sentenceCase(widthOf(shorter) >= 12 ? shorter : line).replace(/[.。]+$/u, "");
  return cutLine(/[.?!…。？！]$/u.test(line) ? title : withoutLoose(title), TITLE_LIMIT, talk);
}

/** No title ends on one of these where the sentence was broken off. */
const LOOSE = new Set(
  "a an the and or but because of to with from my your our their dan atau yang di ke dari untuk dengan karena".split(
    " ",
  ),
);

function withoutLoose(title: string): string {
  const words = title.split(" ");
  while (words.length > 2 && LOOSE.has(plainWord(words.at(-1) ?? ""))) words.pop();
  return words.join(" ").replace(/[,;:]$/u, "");
}

/** The first strong one of a clip's first sentences. */
function openingOf(talk: Talk, sentences: readonly HeardSentence[]): HeardSentence | undefined {
  const worth = (sentence: HeardSentence) =>
    catching(talk, sentence) - 0.2 * Number(sentence.last - sentence.first < 4);
  const opening = sentences.slice(0, 5);
  const most = Math.max(...opening.map(worth));
  return opening.find((sentence) => worth(sentence) >= Math.min(0.35, most));
}

function hookFrom(talk: Talk, sentence: HeardSentence): string {
  const line = lineFrom(talk, sentence);
  const shorter = line.replace(OPENERS, "");
  return cutLine(sentenceCase(widthOf(shorter) >= 12 ? shorter : line), HOOK_LIMIT, talk);
}

/** Cuts a line where it reads well: after a clause where one is long enough, else after a word that carries content. */
function cutLine(line: string, columns: number, { lexicon }: Talk): string {
  if (widthOf(line) <= columns) return line;
  const limit = Math.max(1, Math.round((columns * lengthOf(line)) / widthOf(line)));
  const head = Array.from(line).slice(0, limit).join("");
  const clause = Math.max(
    ...[",", ";", ":", " –", " —", "? ", ". ", "! ", "،", "，", "、", "；", "。", "？", "！"].map((mark) =>
      head.lastIndexOf(mark),
    ),
  );
  const needsMore = lexicon.subordinate.has((/^\S+/u.exec(head)?.[0] ?? "").toLowerCase());
  if (clause >= limit * 0.45 && !needsMore)
    return head.slice(0, clause + (/[?!？！]/.test(head[clause] ?? "") ? 1 : 0)).trim();
  const words = shortened(line, limit).replace(/…$/u, "").split(" ");
  while (words.length > 3 && lexicon.stop.has((words.at(-1) ?? "").toLowerCase())) words.pop();
  return `${words.join(" ").replace(/[,;:]$/u, "")}…`;
}

/** First letter upper case; a line in capitals is brought down first. Lower-case English "i" becomes "I". */
function sentenceCase(line: string): string {
  const letters = line.replace(/[^\p{L}]/gu, "");
  const isShouted =
    letters.length > 8 && letters === letters.toUpperCase() && letters !== letters.toLowerCase();
  const calm = isShouted ? line.toLowerCase() : line;
  return calm.replace(/\bi(?=$|[ '’])/gu, "I").replace(/^\P{L}*\p{Ll}/u, (start) => start.toUpperCase());
}

function titleWorth(
  talk: Talk,
  { first, last }: Candidate,
  { line: sentence, title }: { line: HeardSentence; title: string },
): number {
  const { plain, lexicon } = talk;
  const length = widthOf(title);
  const content = new Set(
    plain
      .slice(sentence.first, sentence.last + 1)
      .filter((word) => word.length > 3 && !lexicon.stop.has(word)),
  );
  const inClip = plain.slice(first, last + 1);
  const recurring = [...content].filter((word) => inClip.indexOf(word) !== inClip.lastIndexOf(word)).length;
  const isWhole = widthOf(lineFrom(talk, sentence)) <= length + 8;
  const isTorn =
    talk.borders[sentence.first - 1] === "breath" && clauseStart(talk, sentence) === sentence.first;
  const fit = title.endsWith("…") ? -0.3 : length < 18 ? -0.35 : isWhole ? 0.2 : 0;
  return (
    fit +
    0.1 * Number(sentence.isQuestion && lexicon.questions.has(plainWord(title.split(" ")[0] ?? ""))) +
    0.6 * strength(talk, sentence) +
    0.1 * Math.min(3, content.size) +
    0.1 * Math.min(2, recurring) -
    0.5 * leaning(talk, sentence) -
    0.3 * Number(isTorn) -
    0.3 * Number(sentence.isBoilerplate)
  );
}

/** Whether a title is there already, but for signs and capitals. */
export const isTaken = (taken: readonly string[], title: string): boolean =>
  taken.some((other) => bare(other) === bare(title));
const bare = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** Columns that a line takes: a sign of a script without spaces says as much as two letters. */
const widthOf = (line: string) => lengthOf(line) + (line.match(WIDE)?.length ?? 0);
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** "2:15", "1:02:15". */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => `${value}`.padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function momentTexts({ title, onSource }: Talk, clip: Candidate, taken: readonly string[]) {
  const pieces = onSource(clip);
  const [startMs, endMs] = [pieces[0]?.startMs ?? 0, pieces.at(-1)?.endMs ?? 0];
  const name = shortened(
    title ? `Moment at ${clock(startMs)} of ${title}` : `Moment at ${clock(startMs)}`,
    TITLE_LIMIT,
  );
  return {
    title: isTaken(taken, name) ? `Moment at ${clock(startMs)} to ${clock(endMs)}` : name,
    hook: `From ${clock(startMs)} to ${clock(endMs)}`,
  };
}
