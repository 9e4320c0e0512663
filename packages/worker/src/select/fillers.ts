import { plainWord } from "./plain-text.ts";
import type { SpokenWord } from "./words.ts";

const set = (words: string) => new Set(words.split(/\s+/));
const phrases = (...texts: string[]) => texts.map((text) => text.split(" "));

/** What fills time in a language. A sound that is a word somewhere else ("er", "um" in German) is none there. */
interface Habits {
  /** Sounds of hesitation: never a word of the language. */
  sounds: Set<string>;
  /** Said to fill time where commas or pauses set them apart; elsewhere they mean something. */
  asides: string[][];
  /** Function words: said twice in a row they are a stutter. What may be doubled on purpose ("very", "that") is not among them. */
  doubled: Set<string>;
  /** What follows a doubled word where both are said twice: "I was, I was". */
  verbs: Set<string>;
}

const NONE: Habits = { sounds: new Set(), asides: [], doubled: new Set(), verbs: new Set() };
const sounds = (words: string): Habits => ({ ...NONE, sounds: set(words) });

/** By the language's code. Written for this project; small on purpose: what is not known stays. */
const HABITS: Readonly<Record<string, Habits>> = {
  en: {
    sounds: set("um umm ummm uhm uh uhh er erm hm hmm mm mmm"),
    asides: phrases("you know", "i mean", "like", "sort of", "kind of"),
    doubled: set(
      "i the a an and but to of we he she they my your our their is was because if with for when i'm we're they're it's",
    ),
    verbs: set("was were am are have had think would will could want mean just"),
  },
  // a doubled noun is the plural there: only small words are stutters
  id: {
    sounds: set("eh ehm em emm e ee anu hm hmm mm"),
    asides: phrases("apa namanya", "apa ya", "apa itu namanya"),
    doubled: set(
      "saya aku kita kami dia yang dan di ke dari untuk dengan karena tapi kalau jadi adalah pada",
    ),
    verbs: set("mau akan sudah lagi"),
  },
  de: sounds("äh ähm öh hm hmm"),
  fr: sounds("euh heu hum hmm"),
  es: sounds("em eeh mmm hmm"),
  pt: sounds("hum hmm éé ahn"),
  it: sounds("ehm mmm hmm"),
  nl: sounds("uh uhm eh ehm hm"),
  ru: sounds("эм ээ э-э мм"),
  ja: sounds("えーと えっと えー あのー ええと"),
  zh: sounds("嗯 呃 嗯嗯"),
  ko: sounds("음 으음"),
};

/** Without a comma a pause of this length sets an aside apart, milliseconds. */
const APART_MS = 150;
/** Who waits longer before saying a word again means it. */
const STUTTER_MS = 1000;
const STOP = /[.?!…。？！]["'”’»)\]]*$/u;
const COMMA = /[,;:–—-]["'”’»)\]]*$/u;
/** After these "you know" asks for what follows. */
const TAKES_OBJECT = set("what how why that who where when which if about the it this them him her");

/**
 * Which words only fill time: hesitation, asides between commas or pauses, stutters and words that were broken off. Pure.
 * @param language code as `languageOf` gives it
 * @returns one answer per word
 */
export function fillersIn(words: readonly SpokenWord[], language: string | null): boolean[] {
  const { sounds: hesitations, asides, doubled, verbs } = HABITS[language ?? ""] ?? NONE;
  const plain = words.map(({ text }) => plainWord(text));
  const fills = plain.map((word) => hesitations.has(word));
  const isPunctuated = words.some(({ text }) => COMMA.test(text));
  const silenceMs = (at: number) => (words[at + 1]?.startMs ?? 0) - (words[at]?.endMs ?? 0);
  const text = (at: number) => words[at]?.text ?? "";
  const isApart = (at: number) => {
    if (at < 0 || STOP.test(text(at)) || fills[at]) return true;
    return isPunctuated ? COMMA.test(text(at)) : silenceMs(at) >= APART_MS;
  };
  const isAside = (from: number, count: number) => {
    const last = from + count - 1;
    if (!isApart(from - 1) || last + 1 >= words.length) return false;
    if (STOP.test(text(last)) || (isPunctuated ? COMMA.test(text(last)) : silenceMs(last) >= APART_MS))
      return isPunctuated || !TAKES_OBJECT.has(plain[last + 1] ?? "");
    return false;
  };
  const isStutter = (at: number) => {
    const word = plain[at] ?? "";
    if (STOP.test(text(at)) || silenceMs(at) > STUTTER_MS) return false;
    const isBroken = /^[\p{L}'’]+[-–—]$/u.test(text(at)) && (plain[at + 1] ?? "").startsWith(word);
    return isBroken || (doubled.has(word) && plain[at + 1] === word);
  };
  for (const at of words.keys()) {
    for (const aside of asides) {
      const isSaid = aside.every((word, index) => plain[at + index] === word);
      if (isSaid && isAside(at, aside.length)) fills.fill(true, at, at + aside.length);
    }
    if (isStutter(at)) fills[at] = true;
    const [one = "", two = "", three, four] = plain.slice(at, at + 4);
    const isTwice = doubled.has(one) && verbs.has(two) && one === three && two === four;
    if (isTwice && !STOP.test(text(at + 1)) && silenceMs(at + 1) <= STUTTER_MS) fills.fill(true, at, at + 2);
  }
  return fills;
}

/**
 * The text of a word beside which something was left out: "It was, you know, great." reads "It was great." Its full stop goes to the
 * word before it, and a sentence that began with it begins with a capital all the same.
 * @param before the words that were left out right before this one, `after` those right behind it, `next` the one that follows them
 */
export function mended(
  text: string,
  before: readonly SpokenWord[],
  after: readonly SpokenWord[],
  next: SpokenWord | undefined,
): string {
  let whole = text;
  const last = after.at(-1);
  const isStutter = last && next && plainWord(next.text).startsWith(plainWord(last.text)); // its comma parts it from itself
  const lastLeft = (!isStutter && last?.text) || "";
  if (STOP.test(lastLeft) && !STOP.test(whole)) whole = `${whole.replace(COMMA, "")}.`;
  else if (COMMA.test(lastLeft) && /[,;]$/u.test(whole)) whole = whole.replace(/[,;]$/u, "");
  const [firstLeft] = before;
  const isCapital =
    firstLeft !== undefined && /^\p{Lu}/u.test(firstLeft.text) && plainWord(firstLeft.text) !== "i";
  return isCapital ? whole.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase()) : whole;
}
