import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { Prices } from "../../../components/prices.tsx";
import { Prose } from "../../../components/prose.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("money.pricing.title") };
}

export default async function PricingPage() {
  const t = await getTranslations();
  return (
    <Prose title={t("money.pricing.title")} lead={t("money.pricing.lead")}>
      <Prices />
    </Prose>
  );
}
