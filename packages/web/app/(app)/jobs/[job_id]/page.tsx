import { JobId } from "@kangklip/contract";
import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { JobScreen } from "../../../../components/job-screen.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("job.meta"), robots: { index: false } };
}

export default async function JobPage({ params }: { params: Promise<{ job_id: string }> }) {
  const jobId = JobId.safeParse((await params).job_id);
  if (!jobId.success) notFound();
  return <JobScreen jobId={jobId.data} />;
}
