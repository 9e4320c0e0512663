import { JobId } from "@kangklip/contract";
import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { EditScreen } from "../../../../../../components/edit-screen.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("editor.title"), robots: { index: false } };
}

interface EditPageProps {
  params: Promise<{ job_id: string; clip: string }>;
}

export default async function EditPage({ params }: EditPageProps) {
  const { job_id, clip } = await params;
  const jobId = JobId.safeParse(job_id);
  if (!jobId.success || !/^[1-5]$/.test(clip)) notFound();
  return <EditScreen jobId={jobId.data} index={Number(clip)} />;
}
