import type { TranscriptSegment } from "../../../packages/contract/src/artifacts.ts";
import type { Word } from "../../../packages/contract/src/edl.ts";
import { silencesOf } from "../../../packages/worker/src/asr/silences.ts";
import type { SelectInput } from "../../../packages/worker/src/stage.ts";
import type { Random } from "../../chaos/random.ts";
import { FILLERS, type Subject } from "./filler.ts";
import { heatOf, type Labelled } from "./labelled.ts";
import { randomFor } from "./random.ts";
import { STORIES, type Story } from "./stories.ts";
import { wishFor } from "./wishes.ts";

/** How one channel sounds. Channels for tuning may be looked at while the selector is changed; the others are only measured. */
interface Channel {
  name: string;
  language: Story["language"];
  use: Story["use"];
  /** "none": bare lower-case words, as some recognisers give them. */
  punctuation: "full" | "none";
  /** "none": a file without measured sound; "flat": moments are no louder; "lively": a little louder, laughter behind some. */
  sound: "none" | "flat" | "lively";
  wordsPerSecond: number;
  /** Share of words that were heard as other ones. */
  misheard: number;
  /** Whether people take breath around a moment. */
  breath: boolean;
}

const channel = (
  name: string,
  language: Channel["language"],
  use: Channel["use"],
  rest: Partial<Channel>,
) => ({
  name,
  language,
  use,
  punctuation: "full" as const,
  sound: "lively" as const,
  wordsPerSecond: 2.6,
  misheard: 0,
  breath: true,
  ...rest,
});

export const CHANNELS: readonly Channel[] = [
  channel("plain talk", "en", "tuning", {}),
  channel("quick talk", "en", "tuning", { wordsPerSecond: 3.3, breath: false }),
  channel("bare words", "en", "tuning", { punctuation: "none", misheard: 0.05 }),
  channel("words only", "en", "tuning", { sound: "none" }),
  channel("obrolan", "id", "tuning", {}),
  channel("obrolan polos", "id", "tuning", { punctuation: "none", sound: "flat" }),
  channel("evening hour", "en", "held out", {}),
  channel("slow hour", "en", "held out", { wordsPerSecond: 2.1, sound: "flat" }),
  channel("noisy room", "en", "held out", { punctuation: "none", misheard: 0.1, breath: false }),
  channel("radio notes", "en", "held out", { sound: "none", breath: false }),
  channel("cerita malam", "id", "held out", {}),
  channel("cerita cepat", "id", "held out", { punctuation: "none", wordsPerSecond: 3.1, sound: "flat" }),
];
const TALKS_PER_CHANNEL = 5;
/** Level steps, as the worker measures them. */
const STEP_SECONDS = 0.1;
const PAUSE_DBFS = -62;

interface Line {
  text: string;
  /** The moment it belongs to; -1 for filler. */
  moment: number;
  pauseSeconds: number;
  /** Seconds of laughter after it. */
  laughter: number;
}

/** The bundled set: the same seed gives the same talks. */
export const bundledTalks = (seed: number): Labelled[] =>
  CHANNELS.flatMap((of) => Array.from({ length: TALKS_PER_CHANNEL }, (_, index) => talk(of, seed, index)));

function talk(of: Channel, seed: number, index: number): Labelled {
  const random = randomFor(seed, `${of.name} ${index}`);
  const { lines, told } = script(of, random);
  const { segments, durationSeconds, moments, laughs } = spoken(lines, of, random);
  const subjectName = `${of.name}, part ${index + 1}`;
  const dbfs = of.sound === "none" ? [] : levels({ segments, durationSeconds, moments, laughs }, of, random);
  const input: SelectInput = {
    durationSeconds,
    title: subjectName,
    transcript: { language: of.language, transcriber: "whisper", accuracy: "high", timing: "word", segments },
    sound: { silences: silencesOf(dbfs, STEP_SECONDS), levels: { step: STEP_SECONDS, dbfs } },
    chunks: [],
    shots: [],
    rank: null,
  };
  const heat = heatOf(graph(moments, durationSeconds, random), durationSeconds);
  const wished = moments.map(({ start, end }, at) => ({ start, end, wish: wishFor(told[at] as Story) }));
  return { id: subjectName, channel: of.name, use: of.use, input, heat, told: wished };
}

/** Filler by sections, each with a subject of its own, with two to four moments put between its lines. */
function script(of: Channel, random: Random): { lines: Line[]; told: Story[] } {
  const { opening, closing, plain, decoys, subjects, small, big } = FILLERS[of.language];
  const fill = (text: string, { words }: Subject) =>
    text
      .replaceAll("{n}", () => random.of(small))
      .replaceAll("{big}", () => random.of(big))
      .replaceAll("{a}", () => words[random.whole(0, 1)] ?? "")
      .replaceAll("{b}", () => words[random.whole(2, 3)] ?? "")
      .replaceAll("{c}", () => words[random.whole(4, 5)] ?? "");
  const line = (text: string, about: Subject, pauseSeconds = 0.2 + 0.6 * random.next()): Line => ({
    text: capital(fill(text, about)),
    moment: -1,
    pauseSeconds: random.chance(0.06) ? 1.5 : pauseSeconds,
    laughter: 0,
  });
  const sections = shuffled(subjects, random)
    .slice(0, random.whole(3, 5))
    .map((about) =>
      Array.from({ length: random.whole(28, 48) }, () =>
        line(random.of(random.chance(0.3) ? decoys : plain), about),
      ),
    );
  const first = subjects[0] as Subject;
  const lines = [
    ...opening.map((text) => line(text, first)),
    ...sections.flat(),
    ...closing.map((text) => line(text, first)),
  ];
  const own = shuffled(
    STORIES.filter(({ language, use }) => language === of.language && use === of.use),
    random,
  );
  const count = random.whole(2, Math.min(4, own.length - 1));
  const [told, others] = [own.slice(0, count), own.slice(count)];
  // one place per moment in equal parts of the talk, so that two never touch
  const places = told.map((_, at) => {
    const part = (lines.length * 0.84) / told.length;
    return Math.round(lines.length * 0.08 + part * at + random.next() * part * 0.6);
  });
  // and stories that somebody begins and drops: they have every mark but an end
  const dropped = new Map(others.slice(0, 2).map((other, at) => [(places[at] ?? 0) + 9, other]));
  const all = lines.flatMap((filler, at) => {
    const moment = places.indexOf(at);
    const one = told[moment];
    if (one) return [...momentLines(one, moment, of, random, (text) => fill(text, first)), filler];
    const begun = dropped.get(at)?.lines.slice(0, 2) ?? [];
    return [...begun.map((text) => line(text.replace(/^Q: /, ""), first)), filler];
  });
  return { lines: all, told };
}

function momentLines(
  { kind, lines }: Story,
  moment: number,
  { sound, breath }: Channel,
  random: Random,
  fill: (text: string) => string,
): Line[] {
  return lines.map((text, index) => {
    const isLast = index === lines.length - 1;
    const laughs = sound === "lively" && isLast && (kind === "joke" || random.chance(0.3));
    return {
      text: fill(text.replace(/^Q: /, "")),
      moment,
      pauseSeconds: isLast && breath ? 1.3 : 0.3 + 0.4 * random.next(),
      laughter: laughs ? 1.5 + 1.5 * random.next() : 0,
    };
  });
}

interface Spoken {
  segments: TranscriptSegment[];
  durationSeconds: number;
  /** Seconds of each planted moment. */
  moments: { start: number; end: number }[];
  laughs: { start: number; end: number }[];
}

/** Words with times, by length within a line, at the channel's pace and a little off it. */
function spoken(lines: readonly Line[], of: Channel, random: Random): Spoken {
  const vocabulary = lines.flatMap(({ text }) => text.split(" "));
  const moments: Spoken["moments"] = [];
  const laughs: Spoken["laughs"] = [];
  let at = 1 + random.next();
  const segments = lines.map(({ text, moment, pauseSeconds, laughter }) => {
    const start = at;
    const rate = of.wordsPerSecond * (0.9 + 0.2 * random.next());
    const parts = text.split(" ");
    const characters = parts.reduce((sum, part) => sum + part.length + 1, 0);
    const seconds = parts.length / rate;
    const words = parts.map((part): Word => {
      const from = at;
      at += (seconds * (part.length + 1)) / characters;
      const heard = random.chance(of.misheard) ? random.of(vocabulary) : part;
      return { word: asWritten(heard, of), start: rounded(from), end: rounded(at - 0.02) };
    });
    const known = moments[moment];
    if (known) known.end = at;
    else if (moment >= 0) moments[moment] = { start, end: at };
    const segment = {
      text: words.map(({ word }) => word).join(" "),
      start: rounded(start),
      duration: rounded(at - start),
      words,
    };
    if (laughter > 0) laughs.push({ start: at + 0.1, end: at + 0.1 + laughter });
    at += pauseSeconds + laughter;
    return segment;
  });
  return { segments, durationSeconds: rounded(at + 2), moments, laughs };
}

const asWritten = (word: string, { punctuation }: Channel) =>
  punctuation === "full" ? word : word.toLowerCase().replace(/[.,?!:;]/g, "");

/** Level per step: speech with its ups and downs, pauses, laughter, and noises that mean nothing. */
function levels({ segments, durationSeconds, moments, laughs }: Spoken, of: Channel, random: Random) {
  const dbfs = Array.from(
    { length: Math.ceil(durationSeconds / STEP_SECONDS) },
    () => PAUSE_DBFS - 6 * random.next(),
  );
  const each = (start: number, end: number, level: () => number) => {
    const to = Math.min(dbfs.length, Math.round(end / STEP_SECONDS));
    for (let step = Math.max(0, Math.round(start / STEP_SECONDS)); step < to; step++)
      dbfs[step] = Math.round(10 * level()) / 10;
  };
  for (const { start, duration, words } of segments) {
    const inMoment = moments.some(
      (moment) => start >= moment.start - 0.1 && start + duration <= moment.end + 0.1,
    );
    const lift = (of.sound === "lively" && inMoment ? 3 * random.next() : 0) + 4 * (random.next() - 0.5);
    for (const word of words) {
      const own = -26 + lift + 6 * (random.next() - 0.5);
      each(word.start, word.end, () => own + 5 * (random.next() - 0.5));
    }
  }
  for (const { start, end } of laughs) each(start, end, () => -20 + 6 * (random.next() - 0.5));
  for (let noise = random.whole(2, 6); noise > 0; noise--) {
    const start = random.next() * (durationSeconds - 2);
    each(start, start + 0.3 + random.next(), () => -22 + 4 * (random.next() - 0.5));
  }
  return dbfs;
}

/** A hundred scores as most-replayed graphs have them: peaks on the moments, a restless floor, smaller bumps, a start that is too high. */
function graph(moments: Spoken["moments"], durationSeconds: number, random: Random): number[] {
  const length = durationSeconds / 100;
  const scores = Array.from({ length: 100 }, () => 0.05 + 0.2 * random.next());
  for (let bump = random.whole(1, 4); bump > 0; bump--)
    scores[random.whole(2, 99)] = 0.3 + 0.18 * random.next();
  for (const { start, end } of moments) {
    const peak = 0.75 + 0.25 * random.next();
    for (const [index, score] of scores.entries()) {
      const shared = Math.min(end, (index + 1) * length) - Math.max(start, index * length);
      if (shared > 0) scores[index] = Math.max(score, score + (peak - score) * Math.min(1, shared / length));
    }
  }
  scores[0] = 1;
  return scores.map((score) => Math.round(score * 1000) / 1000);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const rounded = (seconds: number) => Math.round(seconds * 100) / 100;
