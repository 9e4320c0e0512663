"use client";
import { useTranslations } from "next-intl";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { usePlayhead } from "../hooks/use-playhead.ts";
import type { Translate } from "../i18n/translate.ts";
import type { EditWord } from "../lib/clip-changes.ts";
import { toClip, toSource } from "../lib/clip-time.ts";
import { fineClock } from "../lib/time.ts";

interface EditWordsProps {
  words: readonly EditWord[];
  /** The parts of the video that plays. */
  playing: readonly { start: number; end: number }[];
  video: HTMLVideoElement | null;
  onText: (word: EditWord, text: string | null) => void;
  onBegin: (word: EditWord) => void;
  onEnd: (word: EditWord) => void;
  disabled: boolean;
}

const PLACES = {
  in: "bg-lit-soft text-ink",
  before: "text-soft",
  after: "text-soft",
  between: "text-soft line-through decoration-1",
};

/** Every word of the clip and those around it: the spoken one is lit, a click goes there, and its text can be put right. */
export function EditWords(props: EditWordsProps) {
  const { words, playing, video, onText, onBegin, onEnd, disabled } = props;
  const t = useTranslations();
  const [chosenKey, choose] = useState<string | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const spoken = usePlayhead(video, (at) => {
    const source = toSource(playing, at);
    return (
      words.findLast((word) => word.place === "in" && word.start <= source && source < word.end + 0.3)?.key ??
      null
    );
  });
  const shownKey = spoken ?? words.find(({ place }) => place === "in")?.key;
  useEffect(() => {
    const word = list.current?.querySelector<HTMLElement>(`[data-key="${shownKey}"]`);
    if (!list.current || !word) return;
    const above = word.offsetTop - list.current.offsetTop; // of the list alone: the page stays where it is
    const { scrollTop, clientHeight } = list.current;
    if (above < scrollTop || above + word.offsetHeight > scrollTop + clientHeight)
      list.current.scrollTop = above - clientHeight / 3;
  }, [shownKey]);
  const chosen = words.find(({ key }) => key === chosenKey);
  const tabStop = chosen ?? words.find(({ place }) => place === "in") ?? words[0];

  function go(word: EditWord | undefined, focus: boolean) {
    if (!word) return;
    choose(word.key);
    const at = toClip(playing, word.start);
    if (video && at !== null) video.currentTime = at;
    if (focus) list.current?.querySelector<HTMLElement>(`[data-key="${word.key}"]`)?.focus();
  }
  function onKey(event: KeyboardEvent) {
    const index = words.findIndex(({ key }) => key === tabStop?.key);
    const inside = words.filter(({ place }) => place === "in");
    const isRtl = list.current !== null && getComputedStyle(list.current).direction === "rtl";
    if (event.key === "ArrowRight") go(words[index + (isRtl ? -1 : 1)], true);
    else if (event.key === "ArrowLeft") go(words[index + (isRtl ? 1 : -1)], true);
    else if (event.key === "Home") go(inside[0], true);
    else if (event.key === "End") go(inside.at(-1), true);
    else if (event.key === "Enter" || event.key === " ") {
      go(tabStop, false);
      requestAnimationFrame(() => input.current?.select());
    } else return;
    event.preventDefault();
  }
  function next() {
    const index = words.findIndex(({ key }) => key === chosenKey);
    go(words[index + 1], false);
    requestAnimationFrame(() => input.current?.select());
  }

  if (words.length === 0) return <p className="text-soft">{t("editor.said.none")}</p>;
  return (
    <div>
      <div
        ref={list}
        role="listbox"
        aria-label={t("editor.said.label")}
        aria-orientation="horizontal"
        dir="auto"
        className="max-h-72 overflow-y-auto rounded-control border border-line p-2 leading-8 pointer-coarse:leading-11"
        onKeyDown={onKey}
        tabIndex={-1}
      >
        {words.map((word) => (
          <span key={word.key}>
            <span
              role="option"
              data-key={word.key}
              tabIndex={word.key === tabStop?.key ? 0 : -1}
              aria-selected={word.key === chosenKey}
              aria-label={labelOf(t, word)}
              className={`inline-block cursor-pointer rounded-[0.3rem] px-1 ${word.key === spoken ? "bg-lit text-on-lit" : PLACES[word.place]} ${word.isLeftOut ? "line-through" : word.text === word.before ? "" : "underline decoration-indigo decoration-2 underline-offset-4"} ${word.key === chosenKey ? "outline-2 outline-ink" : ""}`}
              onClick={() => go(word, false)}
              onKeyDown={() => {}} // keys are those of the list
            >
              {word.text}
            </span>{" "}
          </span>
        ))}
      </div>
      <p className="mt-2 text-sm text-soft">{t("editor.said.what")}</p>
      {chosen && (
        <div className="mt-4 rounded-control bg-sunk p-4">
          <label htmlFor={id} className="mb-2 block font-medium">
            {t.rich(chosen.place === "in" ? "editor.said.caption" : "editor.said.outside", {
              place: fineClock(chosen.start),
              at: (text) => <span className="font-normal text-soft tabular-nums">{text}</span>,
            })}
          </label>
          <input
            ref={input}
            id={id}
            dir="auto"
            className="field"
            autoComplete="off"
            maxLength={100}
            value={chosen.isLeftOut ? "" : chosen.text}
            placeholder={t("editor.said.leftOutField")}
            disabled={disabled || chosen.place !== "in"}
            onChange={(event) => onText(chosen, event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") next();
              else if (event.key === "Escape") go(chosen, true);
              else return;
              event.preventDefault();
            }}
          />
          <div className="mt-3 flex flex-wrap gap-2">
            {chosen.place === "in" && (
              <button
                type="button"
                className="button button-quiet"
                disabled={disabled}
                onClick={() =>
                  onText(chosen, chosen.text === chosen.before && !chosen.isLeftOut ? null : chosen.before)
                }
              >
                {chosen.isLeftOut || chosen.text !== chosen.before
                  ? t("editor.said.back", { word: chosen.before })
                  : t("editor.said.leaveOut")}
              </button>
            )}
            <button
              type="button"
              className="button button-quiet"
              disabled={disabled}
              onClick={() => onBegin(chosen)}
            >
              {t("editor.said.begin")}
            </button>
            <button
              type="button"
              className="button button-quiet"
              disabled={disabled}
              onClick={() => onEnd(chosen)}
            >
              {t("editor.said.end")}
            </button>
          </div>
        </div>
      )}
    </div>
  );
}

function labelOf(t: Translate, { text, place, isLeftOut, before }: EditWord): string {
  if (isLeftOut) return t("editor.said.isLeftOut", { word: before });
  if (place === "in") return text === before ? text : t("editor.said.was", { word: text, before });
  return t("editor.said.notIn", { word: text });
}
