"use client";
import type { SharedClip } from "@kangklip/contract";
import { Download } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { apiUrl } from "../lib/config.ts";
import { saveAs } from "../lib/save-as.ts";
import { LinkPlayer } from "./clip-player.tsx";

interface SharedClipCardProps {
  clip: SharedClip;
  /** BCP 47 of the captions; null: not known. */
  language: string | null;
  /** The clip with fresh links; undefined where there is none any more. */
  renewed: (file: string) => Promise<SharedClip | undefined>;
}

/** One clip that was shared: to watch, and to save where it is unlocked. */
export function SharedClipCard({ clip: first, language, renewed }: SharedClipCardProps) {
  const t = useTranslations();
  // the links that came first stay, so that what plays is not interrupted by those of another clip
  const [clip, setClip] = useState(first);
  const [saving, setSaving] = useState(false);
  const { clip_file, index, title, hook, kind } = clip;
  async function renew() {
    const fresh = await renewed(clip_file);
    if (fresh) setClip(fresh);
    return fresh;
  }
  async function save() {
    setSaving(true);
    const fresh = await renewed(clip_file); // the address on the page may have run out
    setSaving(false);
    if (fresh?.download_url) saveAs(apiUrl(fresh.download_url), clip_file);
  }
  return (
    <article aria-labelledby={`title-${index}`} className="clip-rows">
      <LinkPlayer
        index={index}
        title={title}
        name={clip_file}
        url={apiUrl(clip.url)}
        kind={kind}
        poster={clip.cover_url && apiUrl(clip.cover_url)}
        captions={clip.captioned ? null : clip.vtt_url && apiUrl(clip.vtt_url)}
        language={language ?? undefined}
        onExpired={renew}
      />
      <div>
        <h2 id={`title-${index}`} className="text-xl break-words">
          <bdi>{title}</bdi>
        </h2>
        {hook && (
          <blockquote className="mt-3 border-s-4 border-lit ps-3 break-words">
            <bdi>{hook}</bdi>
          </blockquote>
        )}
      </div>
      {clip.download_url ? (
        <button type="button" className="button button-main" disabled={saving} onClick={save}>
          <Download size={18} aria-hidden="true" className="shrink-0" /> {t("share.page.save")}{" "}
          <span className="sr-only">{t("share.page.saveOf", { index })}</span>
        </button>
      ) : (
        <p className="text-sm text-soft">{t("share.page.preview")}</p>
      )}
    </article>
  );
}
