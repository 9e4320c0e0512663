import { believablePhrases } from "./phrases.ts";
import { lengthOf, plainLine, plainWord, shortened } from "./plain-text.ts";
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
  /^(?:(?:and|so(?! (?:many|much|few|far|little)\b)|but|or|because|then|dan|jadi|tapi|karena|terus|lalu)\b[\s,]*|(?:well|okay|ok|now|yeah|yes|no|wait|look|listen|nah|ya|tidak)[,.!…]+\s*)+/iu;

/**
 * Title, hook and reason of a clip, from what is said in it: the title is its best sentence, the hook the first strong one of the
 * others. Of words of low accuracy only believable phrases are used. Where nothing readable is said the clip is named after the source
 * and its time.
 * @param taken titles that other clips of the job have already.
 */
export function clipTexts(talk: Talk, clip: Candidate, taken: readonly string[]): ClipTexts {
  const lines = talk.isReliable ? readable(talk, clip) : believablePhrases(talk, clip);
  const opening = openingOf(talk, lines);
  const best = lines
    .map((line) => ({ line, title: titleFrom(talk, line) }))
    .filter(({ title }) => /\p{L}{2}/u.test(title) && !taken.includes(title))
    .map((option) => ({
      ...option,
      worth: titleWorth(talk, clip, option) - 0.25 * Number(opening && share(option.line, opening)),
    }))
    .sort((a, b) => b.worth - a.worth)[0];
  const moment = momentTexts(talk, clip, taken);
  const reason = reasonFor(talk, clip);
  if (!best) return { ...moment, reason };
  const others = lines.filter((line) => !share(line, best.line) && titleFrom(talk, line) !== best.title);
  const hook = openingOf(talk, others) ?? (talk.isReliable ? best.line : undefined);
  return { title: best.title, hook: hook ? hookFrom(talk, hook) : moment.hook, reason };
}

/** Whether two lines have words in common: phrases of one breath do. */
const share = (a: HeardSentence, b: HeardSentence) => a.first <= b.last && b.first <= a.last;

/** The whole sentences of a clip that are meant for people; where there is none, its first words. */
function readable({ sentences, sentenceOf }: Talk, { first, last }: Candidate): HeardSentence[] {
  if (first > last) return [];
  const from = sentenceOf[first] ?? 0;
  const all = sentences.slice(from, (sentenceOf[last] ?? 0) + 1);
  const meant = all.filter(({ isForMachine }) => !isForMachine);
  const whole = meant.filter((sentence) => sentence.first >= first && sentence.last <= last);
  const good = whole.filter(({ isBoilerplate }) => !isBoilerplate);
  return [good, whole, meant].find((list) => list.length > 0) ?? [];
}

/** What a sentence says, in one line; one that was only heard gets the mark that belongs to it, if it asks. */
function lineFrom(talk: Talk, { first, last, isQuestion }: HeardSentence): string {
  const line = plainLine(textOf(talk, first, Math.min(last, first + 60)));
  return talk.isReliable ? line : line.replace(/\.$/u, "") + (isQuestion ? "?" : "");
}

/** A sentence as a title: without its opener and its full stop, in sentence case, at most 60 characters. */
function titleFrom(talk: Talk, sentence: HeardSentence): string {
  const line = lineFrom(talk, sentence);
  const shorter = line.replace(OPENERS, "");
  const title = sentenceCase(lengthOf(shorter) >= 12 ? shorter : line).replace(/\.+$/u, "");
  return cutLine(title, TITLE_LIMIT, talk);
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
  return cutLine(sentenceCase(lengthOf(shorter) >= 12 ? shorter : line), HOOK_LIMIT, talk);
}

/** Cuts a line where it reads well: after a clause where one is long enough, else after a word that carries content. */
function cutLine(line: string, limit: number, { lexicon }: Talk): string {
  if (lengthOf(line) <= limit) return line;
  const head = Array.from(line).slice(0, limit).join("");
  const clause = Math.max(
    ...[",", ";", ":", " –", " —", "? ", ". ", "! "].map((mark) => head.lastIndexOf(mark)),
  );
  const needsMore = lexicon.subordinate.has((/^\S+/u.exec(head)?.[0] ?? "").toLowerCase());
  if (clause >= limit * 0.45 && !needsMore)
    return head.slice(0, clause + (/[?!]/.test(head[clause] ?? "") ? 1 : 0)).trim();
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
  const length = lengthOf(title);
  const content = new Set(
    plain
      .slice(sentence.first, sentence.last + 1)
      .filter((word) => word.length > 3 && !lexicon.stop.has(word)),
  );
  const inClip = plain.slice(first, last + 1);
  const recurring = [...content].filter((word) => inClip.indexOf(word) !== inClip.lastIndexOf(word)).length;
  const isWhole = lengthOf(textOf(talk, sentence.first, sentence.last)) <= length + 8;
  const fit = title.endsWith("…") ? -0.3 : length < 18 ? -0.35 : isWhole ? 0.2 : 0;
  return (
    fit +
    0.1 * Number(sentence.isQuestion && lexicon.questions.has(plainWord(title.split(" ")[0] ?? ""))) +
    0.6 * strength(talk, sentence) +
    0.1 * Math.min(3, content.size) +
    0.1 * Math.min(2, recurring) -
    0.5 * leaning(talk, sentence) -
    0.3 * Number(sentence.isBoilerplate)
  );
}

/** "2:15", "1:02:15". */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => `${value}`.padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function momentTexts({ title }: Talk, { startMs, endMs }: Candidate, taken: readonly string[]) {
  const name = shortened(
    title ? `Moment at ${clock(startMs)} of ${title}` : `Moment at ${clock(startMs)}`,
    TITLE_LIMIT,
  );
  const isTaken = taken.includes(name);
  return {
    title: isTaken ? `Moment at ${clock(startMs)} to ${clock(endMs)}` : name,
    hook: `From ${clock(startMs)} to ${clock(endMs)}`,
  };
}

/** What each part says when it is strong, and from which value on it is. */
const SAYINGS: [part: string, above: number, says: string][] = [
  ["question", 0.5, "asks a question and answers it"],
  ["hook", 0.55, "opens with a line that catches"],
  ["payoff", 0.75, "ends on a finished thought"],
  ["contrast", 0.6, "turns an expectation around"],
  ["specifics", 0.6, "names figures and facts"],
  ["stakes", 0.6, "has something at stake"],
  ["standalone", 0.9, "needs nothing from before"],
  ["topic", 0.6, "holds one closed thought"],
  ["unity", 0.85, "stays with one subject"],
  ["story", 0.75, "tells what happened to somebody"],
  ["reaction", 0.5, "makes people laugh or applaud"],
  ["replayed", 0.75, "is replayed more than most of the video"],
  ["energy", 0.62, "is livelier than most of the video"],
  ["change", 0.55, "rises and falls in loudness"],
  ["onset", 0.6, "begins right after a pause"],
  ["pictures", 0.4, "changes its picture often"],
];
const SAID_AT_MOST = 3;

/** One sentence about why a clip was chosen, from its strongest parts. */
function reasonFor(talk: Talk, { parts, first, last }: Candidate): string {
  const strong = SAYINGS.filter(([part, above]) => (parts[part] ?? 0) >= above)
    .map(([part, above, says]) => ({ says, excess: ((parts[part] ?? 0) - above) / (1.05 - above) }))
    .map((saying, order) => ({ ...saying, order }))
    .sort((a, b) => b.excess - a.excess || a.order - b.order)
    .slice(0, SAID_AT_MOST)
    .sort((a, b) => a.order - b.order)
    .map(({ says }) => says);
  if (strong.length === 0)
    return first <= last || talk.words.length === 0
      ? "The best stretch of this length that is left."
      : "Nothing is said here; it makes up the number of clips that were asked for.";
  const list = strong.length > 1 ? `${strong.slice(0, -1).join(", ")} and ${strong.at(-1)}` : `${strong[0]}`;
  return `${list.charAt(0).toUpperCase()}${list.slice(1)}.`;
}
