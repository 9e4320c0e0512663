import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { JobsScreen } from "../../../components/jobs-screen.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("jobs.title") };
}

export default function JobsPage() {
  return <JobsScreen />;
}
