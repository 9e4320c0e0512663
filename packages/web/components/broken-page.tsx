"use client";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useEffect } from "react";

/** What stands in for a page that threw: its group's header and footer stay. */
export function BrokenPage({ error, retry }: { error: unknown; retry: () => void }) {
  const t = useTranslations();
  useEffect(() => {
    console.error(error); // the browser's console is where whoever reports this will look
  }, [error]);
  return (
    <div className="page max-w-2xl py-20">
      <h1 className="text-4xl">{t("common.broken.title")}</h1>
      <p className="mt-4 text-soft">{t("common.broken.text")}</p>
      <div className="mt-8 flex flex-wrap gap-3">
        <button type="button" className="button button-main" onClick={() => retry()}>
          {t("common.broken.retry")}
        </button>
        <Link href="/" className="button button-quiet">
          {t("common.broken.start")}
        </Link>
      </div>
    </div>
  );
}
