"use client";
import { type CaptionPreset, captionColours, STRIP_OPACITY } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import type { CSSProperties } from "react";

const CAPITALS: readonly CaptionPreset[] = ["bold", "pop"];

/**
 * Two words of a caption as a preset draws them, the second one lit. Where it lies in what has the class `sample-live` and is chosen or
 * pointed at, one word is lit after the other. Letters are larger than in a clip, to be read at this size.
 */
export function CaptionSample({ preset }: { preset: CaptionPreset }) {
  const t = useTranslations();
  const { text, highlight, outline } = captionColours(preset);
  const boxed = preset === "boxed";
  const style = {
    "--caption-text": text,
    "--caption-lit": boxed ? text : highlight,
    "--caption-plate": boxed ? highlight : "transparent",
    "--caption-outline": preset === "minimal" ? "transparent" : outline,
    "--caption-strip": preset === "minimal" ? `rgb(from ${outline} r g b / ${STRIP_OPACITY})` : "transparent",
  } as CSSProperties;
  const shape = CAPITALS.includes(preset) ? "uppercase" : undefined;
  return (
    <span className="caption-sample" data-preset={preset} style={style} aria-hidden="true">
      <span className={`caption-line ${shape ?? ""}`}>
        <span className="caption-word">{t("builder.captions.first")}</span>{" "}
        <span className="caption-word">{t("builder.captions.second")}</span>
      </span>
    </span>
  );
}
