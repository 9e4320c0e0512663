"use client";
import { Pause, Play, Volume2, VolumeX } from "lucide-react";
import { useLocale, useTranslations } from "next-intl";
import { memo } from "react";
import { useSample } from "../hooks/use-sample.ts";
import { directionOf } from "../i18n/locales.ts";
import { clock, spanText } from "../lib/time.ts";
import sample from "../public/sample/clip.json" with { type: "json" };

/** The picture of the talk that `framing` counts in. */
const TALK = { width: 1920, height: 1080 };
const LENGTH = sample.end - sample.start;
/** A drawing of sound, not a measurement. */
const BARS = Array.from({ length: 96 }, (_, index) => ({
  place: index / 96,
  height: Math.round(
    10 + 44 * Math.abs(Math.sin(index * 1.7) * Math.sin(index * 0.31 + 1) + 0.2 * Math.sin(index * 5.1)),
  ), // whole: engines differ in the last digits
}));

/** A real talk and a real clip of it, side by side and in step: what the clip shows is framed in the talk. Made by tooling/sample/landing-clip.ts. */
export function Sample() {
  const t = useTranslations();
  const { figure, talk, at, playing, muted, failed, seek, toggle, toggleSound, clipProps } = useSample(
    sample.coverAt,
  );
  const [length, whole] = [spanText(t, LENGTH), clock(sample.talkSeconds)];
  const PlayIcon = playing ? Pause : Play;
  const SoundIcon = muted ? VolumeX : Volume2;
  return (
    <figure ref={figure} aria-label={t("site.sample.label")} className="sample">
      <div className="sample-stage" dir="ltr">
        <div className="sample-side">
          <p className="text-sm text-[#b9c2e4]" dir={directionOf(useLocale())}>
            {t("site.sample.talk", { length: whole })}
          </p>
          <div className="sample-talk">
            <video
              ref={talk}
              src="/sample/talk.mp4"
              poster="/sample/talk.webp"
              muted
              playsInline
              preload="none"
              tabIndex={-1}
              aria-hidden="true"
              className="block size-full object-cover"
            />
            <CropWindow at={at} />
          </div>
          <Strip at={at} />
        </div>
        <div className="sample-clip">
          {/* the captions are in the picture as well, so the track is for who wants it */}
          <video
            {...clipProps}
            src="/sample/clip.mp4"
            poster="/sample/clip.webp"
            loop
            playsInline
            preload="none"
            aria-label={t("site.sample.clip", { length })}
            className="block size-full object-cover"
          >
            <track kind="captions" src="/sample/clip.vtt" srcLang="en" label="English" />
          </video>
        </div>
        <div className="sample-controls">
          <button
            type="button"
            onClick={toggle}
            aria-label={playing ? t("site.sample.pause") : t("site.sample.play")}
            className="sample-button"
          >
            <PlayIcon size={20} aria-hidden="true" />
          </button>
          <input
            type="range"
            min={0}
            max={LENGTH}
            step={0.1}
            value={Math.min(at, LENGTH)}
            onChange={({ target }) => seek(target.valueAsNumber)}
            aria-label={t("site.sample.place")}
            aria-valuetext={t("site.sample.placeText", { at: clock(at), length: clock(LENGTH) })}
            className="sample-range"
          />
          <span className="text-sm tabular-nums max-sm:hidden">
            {clock(at)} / {clock(LENGTH)}
          </span>
          <button
            type="button"
            onClick={toggleSound}
            aria-label={muted ? t("site.sample.sound") : t("site.sample.mute")}
            className="sample-button"
          >
            <SoundIcon size={20} aria-hidden="true" />
          </button>
        </div>
      </div>
      {failed && (
        <p role="alert" className="mt-3 text-bad">
          {t("site.sample.fails")}
        </p>
      )}
    </figure>
  );
}

const share = (seconds: number) => seconds / sample.talkSeconds;

const Bars = memo(() => (
  <svg
    viewBox="0 0 576 60"
    preserveAspectRatio="none"
    aria-hidden="true"
    className="block h-8 w-full sm:h-11"
  >
    {BARS.map(({ place, height }) => (
      <rect
        key={place}
        x={place * 576 + 1}
        y={30 - height / 2}
        width="3.6"
        height={height}
        rx="1.8"
        className={place >= share(sample.start) && place < share(sample.end) ? "fill-lit" : "fill-[#46558f]"}
      />
    ))}
  </svg>
));

/** The whole talk in bars, those of the clip lit, and where in it the clip is now. */
function Strip({ at }: { at: number }) {
  return (
    <div aria-hidden="true" className="relative">
      <Bars />
      <span
        className="absolute inset-y-0 w-0.5 rounded bg-[#fff]"
        style={{ left: `${share(sample.start + at) * 100}%` }}
      />
    </div>
  );
}

/** The part of the talk's picture that the clip shows at a place of it; the rest is dimmed. */
function CropWindow({ at }: { at: number }) {
  const shot = sample.framing.find(({ end }) => at < end) ?? sample.framing.at(-1);
  if (!shot) return null;
  const of = (part: number, whole: number) => `${(part / whole) * 100}%`;
  return (
    <span
      aria-hidden="true"
      className="sample-window"
      style={{
        left: of(shot.x, TALK.width),
        top: of(shot.y, TALK.height),
        width: of(shot.w, TALK.width),
        height: of(shot.h, TALK.height),
      }}
    />
  );
}
