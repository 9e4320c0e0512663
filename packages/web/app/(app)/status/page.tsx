import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { Prose } from "../../../components/prose.tsx";
import { StatusScreen } from "../../../components/status-screen.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("status.heading") };
}

export default async function StatusPage() {
  const t = await getTranslations();
  return (
    <Prose title={t("status.heading")} lead={t("status.lead")}>
      <StatusScreen />
    </Prose>
  );
}
