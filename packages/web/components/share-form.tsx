"use client";
import type { ClipFile, ClipView } from "@kangklip/contract";
import { Link2 } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Choice } from "./choice.tsx";

const DAY_SECONDS = 86_400;
const DAYS = [1, 7, 30] as const;

interface ShareFormProps {
  clips: readonly ClipView[];
  busy: boolean;
  /** `clip_files`: null for all of them. */
  onMake: (wish: { clip_files: ClipFile[] | null; expires_in_seconds: number }) => void;
}

/** Asks how long a link shall work, and for which clips. */
export function ShareForm({ clips, busy, onMake }: ShareFormProps) {
  const t = useTranslations();
  const [days, setDays] = useState<(typeof DAYS)[number]>(7);
  const [left, setLeft] = useState<readonly ClipFile[]>([]); // those that are not shared
  const chosen = clips.map(({ clip_file }) => clip_file).filter((file) => !left.includes(file));
  const none = chosen.length === 0;
  return (
    <form
      className="mt-5 flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        if (none) return;
        onMake({
          clip_files: chosen.length === clips.length ? null : chosen,
          expires_in_seconds: days * DAY_SECONDS,
        });
      }}
    >
      <Choice
        legend={t("share.expires")}
        options={DAYS.map((value) => ({ value, label: t("share.days", { days: value }) }))}
        value={days}
        onChange={setDays}
      />
      {clips.length > 1 && (
        <fieldset className="min-w-0">
          <legend className="mb-1 font-medium">{t("share.which")}</legend>
          {clips.map(({ clip_file, index, title }) => (
            <label key={clip_file} className="flex min-h-11 items-center gap-3 py-1.5 leading-snug">
              <input
                type="checkbox"
                className="size-4.5 shrink-0 accent-(--indigo)"
                checked={!left.includes(clip_file)}
                onChange={({ target }) =>
                  setLeft(target.checked ? left.filter((file) => file !== clip_file) : [...left, clip_file])
                }
              />
              <span className="min-w-0 break-words">
                {t.rich("share.clip", { index, title, bdi: (text) => <bdi>{text}</bdi> })}
              </span>
            </label>
          ))}
          {none && (
            <p role="alert" className="mt-1 text-sm text-bad">
              {t("share.pickOne")}
            </p>
          )}
        </fieldset>
      )}
      {clips.some(({ locked }) => locked) && <p className="text-sm text-soft">{t("share.lockedNote")}</p>}
      <button type="submit" className="button button-main self-start" disabled={busy || none}>
        <Link2 size={18} aria-hidden="true" className="shrink-0" />{" "}
        {busy ? t("share.creating") : t("share.create")}
      </button>
    </form>
  );
}
