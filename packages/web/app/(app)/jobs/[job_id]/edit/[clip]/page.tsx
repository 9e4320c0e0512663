import { JobId } from "@kangklip/contract";
import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { EditScreen } from "../../../../../../components/edit-screen.tsx";

export const metadata: Metadata = { title: "Edit a clip", robots: { index: false } };

interface EditPageProps {
  params: Promise<{ job_id: string; clip: string }>;
}

export default async function EditPage({ params }: EditPageProps) {
  const { job_id, clip } = await params;
  const jobId = JobId.safeParse(job_id);
  if (!jobId.success || !/^[1-5]$/.test(clip)) notFound();
  return <EditScreen jobId={jobId.data} index={Number(clip)} />;
}
