import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { CreditsScreen } from "../../../components/credits-screen.tsx";
import { Prose } from "../../../components/prose.tsx";
import { returnPath } from "../../../lib/credit-text.ts";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("money.page.title") };
}

interface TopupPageProps {
  searchParams: Promise<{ return?: string | string[] }>;
}

export default async function TopupPage({ searchParams }: TopupPageProps) {
  const t = await getTranslations();
  const { return: back } = await searchParams;
  return (
    <Prose title={t("money.page.title")} lead={t("money.page.lead")}>
      <CreditsScreen back={typeof back === "string" ? returnPath(back) : null} />
    </Prose>
  );
}
