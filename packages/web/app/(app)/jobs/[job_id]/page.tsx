import { JobId } from "@kangklip/contract";
import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { JobScreen } from "../../../../components/job-screen.tsx";

export const metadata: Metadata = { title: "Job", robots: { index: false } };

export default async function JobPage({ params }: { params: Promise<{ job_id: string }> }) {
  const jobId = JobId.safeParse((await params).job_id);
  if (!jobId.success) notFound();
  return <JobScreen jobId={jobId.data} />;
}
