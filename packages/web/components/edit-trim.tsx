"use client";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useTranslations } from "next-intl";
import { type KeyboardEvent, type PointerEvent, useId, useMemo, useRef, useState } from "react";
import { usePlayhead } from "../hooks/use-playhead.ts";
import type { EditWord } from "../lib/clip-changes.ts";
import { toSource } from "../lib/clip-time.ts";
import { type CutPlace, nearestPlace, stepPlace } from "../lib/cut-places.ts";
import { speechDensity } from "../lib/speech-density.ts";
import { fineClock, parseClock } from "../lib/time.ts";

type Span = { start: number; end: number };
type Edge = keyof Span;

interface EditTrimProps {
  span: Span;
  onChange: (edge: Edge, seconds: number) => void;
  places: { starts: CutPlace[]; ends: CutPlace[] };
  /** The stretch of the source that the bar shows. */
  view: { from: number; to: number };
  words: readonly EditWord[];
  /** The parts of the video that plays. */
  playing: readonly Span[];
  video: HTMLVideoElement | null;
  /** How long the clip is with these ends, and what is wrong with that. */
  seconds: number;
  error: string | null;
}

const FAR_WORDS = 5;
const BARS = 160;

/** Where a clip begins and ends: by drag, by keyboard, by steps and by typing; always beside a word, never in one. */
export function EditTrim(props: EditTrimProps) {
  const { span, onChange, places, view, words, playing, video, seconds, error } = props;
  const t = useTranslations();
  const track = useRef<HTMLDivElement>(null);
  const bars = useMemo(() => speechDensity(words, view, BARS), [words, view]);
  const head = usePlayhead(video, (at) => Math.round(toSource(playing, at) * 20) / 20);
  const percent = (at: number) =>
    `${Math.min(100, Math.max(0, ((at - view.from) / (view.to - view.from)) * 100))}%`;

  function allowed(edge: Edge): CutPlace[] {
    if (edge === "start") return places.starts.filter(({ at }) => at < span.end);
    return places.ends.filter(({ at }) => at > span.start);
  }
  function move(edge: Edge, to: CutPlace | undefined) {
    if (to && to.at !== span[edge]) onChange(edge, to.at);
  }
  function onPointer(edge: Edge, event: PointerEvent<HTMLElement>) {
    const box = track.current?.getBoundingClientRect();
    if (!box || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    move(edge, nearestPlace(allowed(edge), view.from + part * (view.to - view.from)));
  }
  function onKey(edge: Edge, event: KeyboardEvent) {
    const steps = {
      ...{ ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 },
      ...{ PageDown: -FAR_WORDS, PageUp: FAR_WORDS },
    }[event.key];
    const all = allowed(edge).filter(({ at }) => at >= view.from && at <= view.to);
    if (event.key === "Home") move(edge, all[0]);
    else if (event.key === "End") move(edge, all.at(-1));
    else if (steps)
      move(edge, stepPlace(allowed(edge), span[edge], event.shiftKey ? steps * FAR_WORDS : steps));
    else return;
    event.preventDefault();
  }

  return (
    <div>
      {/* times run from the left in every script */}
      <div dir="ltr" className="px-3">
        <div ref={track} className="relative h-20 rounded-control bg-sunk">
          <div
            className="absolute inset-y-0 rounded-[0.35rem] bg-lit-soft"
            style={{ left: percent(span.start), right: `calc(100% - ${percent(span.end)})` }}
          />
          <svg
            viewBox={`${view.from} 0 ${view.to - view.from} 1`}
            preserveAspectRatio="none"
            aria-hidden="true"
            className="absolute inset-x-0 top-2 h-16 w-full"
          >
            {bars.map((height, index) => {
              const each = (view.to - view.from) / BARS;
              const at = view.from + index * each;
              const isIn = at + each / 2 >= span.start && at + each / 2 < span.end;
              return (
                <rect
                  // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place
                  key={index}
                  x={at + each * 0.15}
                  y={0.8 - 0.8 * height}
                  width={each * 0.7}
                  height={0.8 * height}
                  className={isIn ? "fill-indigo" : "fill-line-strong"}
                  fillOpacity={isIn ? 0.55 : 0.4}
                />
              );
            })}
            {words.map(({ key, start, end, place }) => (
              <rect
                key={key}
                x={start}
                y={0.88}
                width={Math.max(0.04, end - start)}
                height={0.12}
                className={place === "in" ? "fill-indigo" : "fill-line-strong"}
                fillOpacity={place === "in" ? 1 : 0.5}
              />
            ))}
          </svg>
          {video && (
            <span
              aria-hidden="true"
              className="absolute inset-y-0 w-0.5 -translate-x-1/2 bg-ink"
              style={{ left: percent(head) }}
            />
          )}
          {(["start", "end"] as const).map((edge) => {
            const at = span[edge];
            const word = nearestPlace(edge === "start" ? places.starts : places.ends, at)?.word;
            const place = fineClock(at);
            return (
              <div
                key={edge}
                role="slider"
                tabIndex={0}
                aria-label={t(`editor.trim.${edge}Of`)}
                aria-valuemin={Math.round(view.from * 10) / 10}
                aria-valuemax={Math.round(view.to * 10) / 10}
                aria-valuenow={Math.round(at * 10) / 10}
                aria-valuetext={
                  word === undefined
                    ? place
                    : t(edge === "start" ? "editor.trim.beforeWord" : "editor.trim.afterWord", {
                        place,
                        word,
                      })
                }
                className={`absolute -inset-y-1 flex w-6 touch-none cursor-ew-resize items-center justify-center rounded-md border border-on-lit/30 bg-lit text-on-lit before:absolute before:inset-y-0 before:-inset-x-2.5 ${edge === "start" ? "-translate-x-full" : ""}`}
                style={{ left: percent(at) }}
                onKeyDown={(event) => onKey(edge, event)}
                onPointerDown={(event) => {
                  event.currentTarget.setPointerCapture(event.pointerId);
                  event.currentTarget.focus();
                }}
                onPointerMove={(event) => onPointer(edge, event)}
              >
                {edge === "start" ? (
                  <ChevronLeft size={18} aria-hidden="true" />
                ) : (
                  <ChevronRight size={18} aria-hidden="true" />
                )}
              </div>
            );
          })}
        </div>
      </div>
      <p dir="ltr" className="mt-2 flex justify-between text-sm text-soft tabular-nums" aria-hidden="true">
        <span>{fineClock(view.from)}</span>
        <span>{fineClock(view.to)}</span>
      </p>
      <div className="mt-4 grid gap-4 sm:grid-cols-2">
        {(["start", "end"] as const).map((edge) => (
          <TimeField
            key={`${edge} ${span[edge]}`}
            edge={edge}
            seconds={span[edge]}
            onSeconds={(wanted) => move(edge, nearestPlace(allowed(edge), wanted))}
            onStep={(words) => move(edge, stepPlace(allowed(edge), span[edge], words))}
          />
        ))}
      </div>
      <p
        role={error ? "alert" : undefined}
        className={`mt-3 text-sm tabular-nums ${error ? "text-bad" : "text-soft"}`}
      >
        {error ?? t("editor.trim.long", { seconds: seconds.toFixed(1) })}
      </p>
      <p className="mt-1 text-sm text-soft">{t("editor.trim.density")}</p>
    </div>
  );
}

interface TimeFieldProps {
  edge: Edge;
  seconds: number;
  onSeconds: (seconds: number) => void;
  onStep: (words: number) => void;
}

/** A time to type, with a step back and forth by a word; Shift makes it five. Made anew for each time. */
function TimeField({ edge, seconds, onSeconds, onStep }: TimeFieldProps) {
  const t = useTranslations();
  const [text, setText] = useState(fineClock(seconds));
  const [wrong, setWrong] = useState(false);
  const id = useId();
  function take() {
    if (text === fineClock(seconds)) return setWrong(false);
    const wanted = parseClock(text);
    setWrong(wanted === null);
    if (wanted === null) return;
    setText(fineClock(seconds)); // as it is, unless it changes
    onSeconds(wanted);
  }
  const step = (words: number) => (
    <button
      type="button"
      className="button button-quiet size-13 shrink-0 px-0"
      aria-label={t(`editor.trim.${edge}${words < 0 ? "Earlier" : "Later"}`)}
      onClick={(event) => onStep(event.shiftKey ? words * FAR_WORDS : words)}
    >
      {words < 0 ? (
        <ChevronLeft size={20} aria-hidden="true" />
      ) : (
        <ChevronRight size={20} aria-hidden="true" />
      )}
    </button>
  );
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-2 block font-medium">
        {t(`editor.trim.${edge}`)}
      </label>
      <div dir="ltr" className="flex gap-2">
        {step(-1)}
        <input
          id={id}
          className="field px-2 text-center tabular-nums"
          inputMode="decimal"
          autoComplete="off"
          value={text}
          aria-invalid={wrong}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
          onChange={(event) => setText(event.target.value)}
          onBlur={take}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            take();
          }}
        />
        {step(1)}
      </div>
      {wrong && (
        <p id={`${id}-wrong`} role="alert" className="mt-2 text-sm text-bad">
          {t("editor.trim.wrongTime")}
        </p>
      )}
    </div>
  );
}
