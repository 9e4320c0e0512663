import type { Metadata } from "next";
import Link from "next/link";
import { getTranslations } from "next-intl/server";
import { Prose } from "../../../components/prose.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("site.about.title"), description: t("site.about.lead") };
}

export default async function AboutPage() {
  const t = await getTranslations();
  return (
    <Prose title={t("site.about.title")} lead={t("site.about.lead")}>
      <p>{t("site.about.what")}</p>
      <p>{t("site.about.where")}</p>
      <p>
        {t.rich("site.about.api", {
          api: (text) => (
            <a href="/api/docs/" className="text-link" dir="ltr" translate="no">
              {text}
            </a>
          ),
          make: (text) => (
            <Link href="/generate-clips" className="text-link">
              {text}
            </Link>
          ),
        })}
      </p>
    </Prose>
  );
}
