import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { Prose } from "../../../components/prose.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("site.legal.title"), description: t("site.legal.lead") };
}

export default async function LegalPage() {
  const t = await getTranslations();
  return (
    <Prose title={t("site.legal.title")} lead={t("site.legal.lead")}>
      <h2>{t("site.legal.who")}</h2>
      <p>{t("site.legal.whoText")}</p>
      <h2>{t("site.legal.kept")}</h2>
      <ul>
        <li>{t("site.legal.keptBrowser")}</li>
        <li>{t("site.legal.keptCredits")}</li>
        <li>{t("site.legal.keptServer")}</li>
      </ul>
      <p className="mt-4">{t("site.legal.nothingElse")}</p>
      <h2>{t("site.legal.fonts")}</h2>
      <p>{t("site.legal.fontsText")}</p>
    </Prose>
  );
}
