"use client";
import { useTranslations } from "next-intl";
import { memo } from "react";
import { clock } from "../lib/time.ts";
import { type Found, type MarkedClip, type Run, runsOf, type Sentence } from "../lib/transcript.ts";

interface SentenceProps {
  sentence: Sentence;
  clips: readonly MarkedClip[];
  /** The places within it that were searched for. */
  found: readonly Found[];
  now: Found | undefined;
  /** Numbers of words within it, or null. */
  chosen: number | null;
  spoken: number | null;
  isTabStop: boolean;
}

/** Each clip has a colour of its own, as a hue in degrees; beside it its number stands, so nobody needs to tell them apart by it. */
const HUES = [42, 228, 160, 345, 275];
const groundOf = ({ index }: MarkedClip) => ({
  background: `color-mix(in oklab, var(--surface) 76%, hsl(${HUES[(index - 1) % HUES.length]} 85% 52%))`,
  borderColor: `hsl(${HUES[(index - 1) % HUES.length]} 70% 50%)`,
});

const FOUND = { now: "bg-ink! text-surface", also: "outline-2 outline-dashed outline-line-strong" };

/** One sentence with its time: chosen spans on their clip's ground, found and spoken words marked. */
export const TranscriptSentence = memo(function TranscriptSentence(props: SentenceProps) {
  const { sentence, clips, found, now, chosen, spoken, isTabStop } = props;
  const t = useTranslations();
  const runs = runsOf(sentence, { clips, found, now, chosen, spoken });
  return (
    <li className="grid grid-cols-[3.5rem_minmax(0,1fr)] gap-x-2">
      <span aria-hidden="true" className="pt-1.5 text-end text-sm text-soft tabular-nums">
        <bdi dir="ltr">{clock(sentence.start)}</bdi>
      </span>
      {/* biome-ignore lint/a11y/useSemanticElements: the text of a <button> cannot be selected */}
      <div
        role="button"
        tabIndex={isTabStop ? 0 : -1}
        data-sentence={sentence.at}
        dir="auto"
        className="cursor-pointer rounded-[0.3rem] px-1.5 py-1 break-words"
      >
        <span className="sr-only">{clock(sentence.start)} </span>
        {runs.map((run, index) => (
          <RunText
            key={run.from}
            run={run}
            next={runs[index + 1]}
            label={run.begins && run.clip ? t("player.transcript.clip", { index: run.clip.index }) : null}
          />
        ))}
      </div>
    </li>
  );
});

/** The space behind a run is its clip's where the clip goes on. */
function RunText({ run, next, label }: { run: Run; next: Run | undefined; label: string | null }) {
  const { clip, found, isChosen, isSpoken, from, text } = run;
  const goesOn = clip !== undefined && next?.clip === clip;
  const words = (
    <span
      data-from={from}
      className={`${found ? `rounded-[0.2rem] ${FOUND[found]}` : ""} ${isSpoken ? "rounded-[0.2rem] bg-lit text-on-lit outline-1 outline-on-lit" : ""} ${isChosen ? "underline decoration-2 underline-offset-4" : ""}`}
    >
      {text}
    </span>
  );
  if (!clip) return <>{words} </>;
  return (
    <>
      {label && (
        // what it says is in the page's language, and must not turn the sentence's direction
        <bdi
          className="me-1 inline-block rounded-md border-2 px-1.5 text-xs leading-5 font-semibold select-none"
          style={groundOf(clip)}
        >
          {label}
        </bdi>
      )}
      <span className="border-b-2 box-decoration-clone py-0.5" style={groundOf(clip)}>
        {words}
        {goesOn && " "}
      </span>
      {!goesOn && " "}
    </>
  );
}
