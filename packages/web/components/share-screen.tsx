"use client";
import type { SharedClip } from "@kangklip/contract";
import { Link2Off } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useNow } from "../hooks/use-now.ts";
import { useShared } from "../hooks/use-shares.ts";
import { useTitle } from "../hooks/use-title.ts";
import { problemOf } from "../lib/problem.ts";
import { leftText } from "../lib/share-text.ts";
import { ProblemCard } from "./problem-card.tsx";
import { SharedClipCard } from "./shared-clip.tsx";

const COLUMNS: Record<number, string> = {
  1: "max-w-90",
  2: "sm:max-w-[49rem] sm:grid-cols-2",
  3: "sm:grid-cols-2 lg:grid-cols-3",
};

/** What somebody shared: to watch and to save, for whoever has the link, as long as it works. */
export function ShareScreen({ token }: { token: string }) {
  const t = useTranslations();
  const { data: shared, error, refetch } = useShared(token);
  const now = useNow(true);
  const left = shared ? (Date.parse(shared.expires_at) - now) / 1000 : null;
  const isOver = (error !== null && !problemOf(error).retryable) || (left !== null && left <= 0);
  const heading = shared
    ? t("share.page.heading", { count: shared.clips.length })
    : t("share.page.metaTitle");
  useTitle(`${isOver ? t("share.page.metaTitle") : heading} · KangKlip`);

  if (isOver) return <Gone />;
  if (error && !shared)
    return (
      <div className="page pt-6 sm:pt-10">
        <h1 className="mb-6 text-3xl sm:text-[2.5rem]">{t("share.page.metaTitle")}</h1>
        <ProblemCard problem={problemOf(error)} onRetry={() => refetch()} />
        <p className="mt-3 text-soft">{t("share.page.offline")}</p>
      </div>
    );
  /** A link of one clip has run out: the others go on playing with theirs. */
  const renewed = async (file: string): Promise<SharedClip | undefined> =>
    (await refetch()).data?.clips.find(({ clip_file }) => clip_file === file);
  return (
    <div className="page pt-6 sm:pt-10">
      <h1 className="text-3xl sm:text-[2.5rem]">{heading}</h1>
      {shared && left !== null ? (
        <>
          <p className="mt-3 text-soft">{t("share.page.sub", { left: leftText(t, left) })}</p>
          {shared.clips.length === 0 ? (
            <p className="panel mt-8 p-6">{t("share.page.none")}</p>
          ) : (
            <ul className={`mt-8 grid gap-x-8 gap-y-12 ${COLUMNS[shared.clips.length] ?? COLUMNS[3]}`}>
              {shared.clips.map((clip) => (
                <li key={clip.clip_file} className="clip-rows min-w-0">
                  <SharedClipCard clip={clip} language={shared.language} renewed={renewed} />
                </li>
              ))}
            </ul>
          )}
          <p className="mt-12">
            <Link href="/generate-clips" className="text-link inline-flex min-h-11 items-center">
              {t("share.page.make")}
            </Link>
          </p>
        </>
      ) : (
        <div
          role="status"
          aria-label={t("share.page.loading")}
          className="mt-8 grid gap-8 sm:grid-cols-2 lg:grid-cols-3"
        >
          {[1, 2, 3].map((index) => (
            <div key={index} className="skeleton aspect-[9/16] w-full" />
          ))}
        </div>
      )}
    </div>
  );
}

function Gone() {
  const t = useTranslations();
  return (
    <div className="page flex flex-col items-start gap-4 pt-10 sm:pt-16" role="alert">
      <Link2Off size={40} aria-hidden="true" className="text-soft" />
      <h1 className="max-w-2xl text-3xl sm:text-[2.5rem]">{t("share.page.gone")}</h1>
      <p className="max-w-prose text-lg text-soft">{t("share.page.goneText")}</p>
      <Link href="/generate-clips" className="button button-main mt-2">
        {t("share.page.make")}
      </Link>
    </div>
  );
}
