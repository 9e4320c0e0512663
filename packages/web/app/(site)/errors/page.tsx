import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { ErrorList } from "../../../components/error-list.tsx";
import { Prose } from "../../../components/prose.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("errors.page.heading") };
}

export default async function ErrorsPage() {
  const t = await getTranslations();
  return (
    <Prose title={t("errors.page.heading")} lead={t("errors.page.lead")}>
      <ErrorList />
    </Prose>
  );
}
