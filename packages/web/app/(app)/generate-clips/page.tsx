import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { CreateJobForm } from "../../../components/create-job-form.tsx";
import { KnownJobs } from "../../../components/known-jobs.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("builder.title") };
}

interface GenerateClipsPageProps {
  searchParams: Promise<{ url?: string | string[] }>;
}

export default async function GenerateClipsPage({ searchParams }: GenerateClipsPageProps) {
  const { url } = await searchParams;
  const t = await getTranslations();
  return (
    <div className="page max-w-3xl pt-8 sm:pt-14">
      <h1 className="text-4xl sm:text-5xl">{t("builder.title")}</h1>
      <p className="mt-3 mb-8 text-lg text-soft">{t("builder.intro")}</p>
      <CreateJobForm initialAddress={typeof url === "string" ? url : ""} />
      <KnownJobs />
    </div>
  );
}
