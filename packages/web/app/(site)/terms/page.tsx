import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { Prose } from "../../../components/prose.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("site.terms.title"), description: t("site.terms.lead") };
}

const PARTS = ["videos", "clips", "credits", "service"] as const;

export default async function TermsPage() {
  const t = await getTranslations();
  return (
    <Prose title={t("site.terms.title")} lead={t("site.terms.lead")}>
      {PARTS.map((name) => (
        <section key={name}>
          <h2>{t(`site.terms.${name}`)}</h2>
          <p>{t(`site.terms.${name}Text`)}</p>
        </section>
      ))}
    </Prose>
  );
}
