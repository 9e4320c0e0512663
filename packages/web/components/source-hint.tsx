"use client";
import { useTranslations } from "next-intl";
import { useSystem } from "../hooks/use-system.ts";
import { sizeText, spanText } from "../lib/time.ts";

/** What this installation takes. */
export function SourceHint() {
  const t = useTranslations();
  const { data: system } = useSystem();
  if (!system) return <p className="min-h-10 text-sm text-soft">{t("builder.hint.best")}</p>;
  const { max_source_seconds, max_source_bytes, page_urls } = system;
  return (
    <p className="min-h-10 text-sm text-soft">
      {t("builder.hint.most", {
        length: spanText(t, max_source_seconds),
        size: sizeText(t, max_source_bytes),
      })}{" "}
      {t(page_urls ? "builder.hint.pages" : "builder.hint.noPages")}
    </p>
  );
}
