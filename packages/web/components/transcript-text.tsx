"use client";
import { useTranslations } from "next-intl";
import { type KeyboardEvent, type MouseEvent, memo, useEffect, useMemo, useRef, useState } from "react";
import { useCurrentPlayer } from "../hooks/use-current-player.ts";
import { usePlayhead } from "../hooks/use-playhead.ts";
import { useTranscriptSearch } from "../hooks/use-transcript-search.ts";
import { toSource } from "../lib/clip-time.ts";
import { playAt } from "../lib/players.ts";
import { clock } from "../lib/time.ts";
import {
  clipOf,
  type Found,
  type MarkedClip,
  placeIn,
  plainText,
  type Sentence,
  wordAt,
  wordInRun,
} from "../lib/transcript.ts";
import type { JobTranscriptProps } from "./job-transcript.tsx";
import { TranscriptSearch } from "./transcript-search.tsx";
import { TranscriptSentence } from "./transcript-sentence.tsx";

interface TranscriptTextProps extends Pick<JobTranscriptProps, "onSeekClip"> {
  sentences: readonly Sentence[];
  clips: readonly MarkedClip[];
}

/** So many sentences are laid out only once they come near. */
const BLOCK = 40;
const NO_PLACES: readonly Found[] = [];

/** The sentences with what is marked in them, their search, and the ways from a word to its clip. */
export function TranscriptText({ sentences, clips, onSeekClip }: TranscriptTextProps) {
  const t = useTranslations();
  const box = useRef<HTMLDivElement>(null);
  const [chosen, choose] = useState(0);
  const [hasChosen, setHasChosen] = useState(false);
  const [said, say] = useState("");
  const words = useMemo(() => sentences.flatMap((sentence) => sentence.words), [sentences]);
  const sentenceOf = useMemo(
    () => sentences.flatMap(({ at, words }) => words.map(() => at)), //
    [sentences],
  );
  const search = useTranscriptSearch(sentences, ({ from }) => show(sentenceOf[from]));
  const places = useMemo(() => bySentence(search.found, sentenceOf), [search.found, sentenceOf]);

  const player = useCurrentPlayer();
  const playing = clips.find(({ file }) => file === player?.name);
  const spoken = usePlayhead(player?.video ?? null, (seconds) =>
    playing ? wordAt(words, toSource(playing.parts, seconds)) : null,
  );
  const spokenSentence = spoken === null ? undefined : sentenceOf[spoken];
  useEffect(() => {
    const isRead = box.current?.contains(document.activeElement) || box.current?.matches(":hover");
    if (spokenSentence === undefined || isRead) return; // whoever reads here is not scrolled away
    scrollTo(box.current, spokenSentence);
  }, [spokenSentence]);

  const show = (sentence: number | undefined) => scrollTo(box.current, sentence);
  const present = sentenceOf[chosen] ?? 0;

  function go(word: number | undefined) {
    const at = word === undefined ? undefined : sentenceOf[word];
    if (word === undefined || at === undefined) return;
    choose(word);
    setHasChosen(true);
    show(at);
    box.current?.querySelector<HTMLElement>(`[data-sentence="${at}"]`)?.focus({ preventScroll: true });
  }
  function play(at: number) {
    const word = words[at];
    if (!word) return;
    choose(at);
    setHasChosen(true);
    const clip = clipOf(clips, word);
    const seconds = clip && placeIn(clip, word);
    if (!clip || seconds === undefined || seconds === null)
      return say(t("player.transcript.noClip", { place: clock(word.start) }));
    if (onSeekClip) onSeekClip(clip.file, word.start, seconds);
    else if (!playAt(clip.file, seconds)) return say(t("player.transcript.notThere", { index: clip.index }));
    say(t("player.transcript.plays", { index: clip.index, word: word.word }));
  }
  function onClick(event: MouseEvent) {
    if (!(event.target instanceof Element) || window.getSelection()?.isCollapsed === false) return;
    const sentence = event.target.closest<HTMLElement>("[data-sentence]");
    const run = event.target.closest<HTMLElement>("[data-from]");
    if (!sentence) return;
    const first = sentences[Number(sentence.dataset.sentence)]?.words[0]?.at ?? 0;
    if (event.detail === 0) return play(present === Number(sentence.dataset.sentence) ? chosen : first); // by a screen reader
    play(run ? wordUnder(run, event) : first);
  }
  function onKey(event: KeyboardEvent) {
    if (event.metaKey || event.ctrlKey || event.altKey || !(event.target instanceof HTMLElement)) return;
    const isRtl = getComputedStyle(event.target).direction === "rtl";
    const sentence = sentences[present];
    const firstOf = (at: number) => sentences[Math.min(Math.max(0, at), sentences.length - 1)]?.words[0]?.at;
    const moves: Record<string, number | undefined> = {
      ArrowUp: firstOf(present - 1),
      ArrowDown: firstOf(present + 1),
      PageUp: firstOf(present - 10),
      PageDown: firstOf(present + 10),
      ArrowLeft: chosen + (isRtl ? 1 : -1),
      ArrowRight: chosen + (isRtl ? -1 : 1),
      Home: sentence?.words[0]?.at,
      End: sentence?.words.at(-1)?.at,
    };
    if (event.key === "Enter" || event.key === " ") play(chosen);
    else if (Object.hasOwn(moves, event.key)) go(moves[event.key]);
    else return;
    event.preventDefault();
  }

  const blocks = useMemo(
    () =>
      Array.from({ length: Math.ceil(sentences.length / BLOCK) }, (_, at) =>
        sentences.slice(at * BLOCK, (at + 1) * BLOCK),
      ),
    [sentences],
  );
  const inBlock = (block: readonly Sentence[], word: number | null) => {
    const sentence = word === null ? undefined : sentenceOf[word];
    const first = block[0]?.at ?? 0;
    return sentence !== undefined && sentence >= first && sentence < first + block.length ? word : null;
  };
  return (
    <div>
      <p className="mt-1 text-sm text-soft">
        {t("player.transcript.what")} <span className="max-lg:hidden">{t("player.transcript.keys")}</span>
      </p>
      <TranscriptSearch search={search} text={() => plainText(sentences)} />
      <div className="mt-3 flex flex-wrap gap-2">
        {clips.map((clip) => (
          <button
            key={clip.file}
            type="button"
            className="button button-quiet min-h-11 px-3 text-sm"
            onClick={() => go(words.find((word) => clipOf([clip], word))?.at)}
          >
            {t("player.transcript.toClip", { index: clip.index })}
          </button>
        ))}
      </div>
      <p role="status" className="mt-2 min-h-6 text-sm break-words text-soft">
        {said}
      </p>
      <section
        ref={box}
        aria-label={t("player.transcript.sentences")}
        className="relative max-h-[min(36rem,70dvh)] overflow-y-auto overscroll-contain rounded-control border border-line py-2 pe-1"
        onClick={onClick}
        onKeyDown={onKey}
        onFocus={({ target }) => {
          const at = Number(target.dataset.sentence);
          if (Number.isInteger(at) && at !== present) choose(sentences[at]?.words[0]?.at ?? 0);
        }}
      >
        {blocks.map((block) => (
          <Block
            key={block[0]?.at}
            block={block}
            isMany={blocks.length > 4}
            clips={clips}
            places={places}
            now={search.now}
            chosen={hasChosen ? inBlock(block, chosen) : null}
            spoken={inBlock(block, spoken)}
            tabStop={inBlock(block, chosen) === null ? null : present}
          />
        ))}
      </section>
    </div>
  );
}

interface BlockProps {
  block: readonly Sentence[];
  /** Whether there are so many that those out of sight are better not laid out. */
  isMany: boolean;
  clips: readonly MarkedClip[];
  places: ReadonlyMap<number, readonly Found[]>;
  now: Found | undefined;
  chosen: number | null;
  spoken: number | null;
  /** The number of the sentence that Tab comes to; null: none of these. */
  tabStop: number | null;
}

const Block = memo(function Block({
  block,
  isMany,
  clips,
  places,
  now,
  chosen,
  spoken,
  tabStop,
}: BlockProps) {
  return (
    <ol
      className={isMany ? "[content-visibility:auto]" : ""}
      style={{ containIntrinsicSize: `auto ${block.length * 3.4}rem` }}
    >
      {block.map((sentence) => {
        const { at, words } = sentence;
        const [first, last] = [words[0]?.at ?? 0, words.at(-1)?.at ?? 0];
        const within = (word: number | null) =>
          word !== null && word >= first && word <= last ? word : null;
        const found = places.get(at) ?? NO_PLACES;
        return (
          <TranscriptSentence
            key={at}
            sentence={sentence}
            clips={clips}
            found={found}
            now={found.length > 0 ? now : undefined}
            chosen={within(chosen)}
            spoken={within(spoken)}
            isTabStop={at === tabStop}
          />
        );
      })}
    </ol>
  );
});

/** The places of a search by the sentences they touch. */
function bySentence(found: readonly Found[], sentenceOf: readonly number[]): Map<number, Found[]> {
  const places = new Map<number, Found[]>();
  for (const place of found)
    for (let at = sentenceOf[place.from] ?? 0; at <= (sentenceOf[place.to - 1] ?? 0); at++)
      places.set(at, [...(places.get(at) ?? []), place]);
  return places;
}

/** Scrolls the box, and never the page. */
function scrollTo(box: HTMLElement | null, sentence: number | undefined) {
  const line = box?.querySelector<HTMLElement>(`[data-sentence="${sentence}"]`);
  if (!box || !line) return;
  const look = () => {
    const [outer, inner] = [box.getBoundingClientRect(), line.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom)
      box.scrollTop += inner.top - outer.top - outer.height / 3;
  };
  look();
  requestAnimationFrame(look); // what came near by that is laid out now, and not as high as was guessed
}

/** Where the browser says a point is in text; older ones have the second way. */
type PointInText = Document & {
  caretPositionFromPoint?: (x: number, y: number) => { offsetNode: Node; offset: number } | null;
};

/** The number of the word under the pointer. */
function wordUnder(run: HTMLElement, { clientX, clientY }: MouseEvent): number {
  const from = Number(run.dataset.from);
  const text = run.textContent ?? "";
  const place = (document as PointInText).caretPositionFromPoint?.(clientX, clientY);
  const range = place ? null : document.caretRangeFromPoint?.(clientX, clientY);
  const node = place?.offsetNode ?? range?.startContainer;
  if (!node || !run.contains(node)) return from;
  const offset = place?.offset ?? range?.startOffset ?? 0;
  return wordInRun({ from, to: from + text.split(" ").length, text }, offset);
}
