import type { ClipView } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { placeOnStrip, placeText } from "../lib/clip-text.ts";
import { clock } from "../lib/time.ts";

/** The whole source as one strip, with the stretches that became clips; each leads to its clip. */
export function SourceStrip({ clips, seconds }: { clips: ClipView[]; seconds: number }) {
  const t = useTranslations();
  return (
    <nav aria-label={t("clips.strip.label")} dir="ltr" className="max-sm:hidden">
      <div className="relative h-12 rounded-control bg-sunk">
        {clips.map((clip) => {
          const { left, width } = placeOnStrip(clip, seconds);
          return (
            <a
              key={clip.clip_file}
              href={`#clip-${clip.index}`}
              aria-label={t("clips.strip.clip", { index: clip.index, place: placeText(t, clip) })}
              className="absolute inset-y-0 flex min-w-6 items-center justify-center rounded-[0.35rem] bg-lit text-sm font-semibold text-on-lit hover:bg-(--lit-hover)"
              style={{ left: `${left}%`, width: `${width}%` }}
            >
              {clip.index}
            </a>
          );
        })}
      </div>
      <p className="mt-1.5 flex justify-between text-sm text-soft tabular-nums" aria-hidden="true">
        <span>0:00</span>
        <span>{clock(seconds)}</span>
      </p>
    </nav>
  );
}
