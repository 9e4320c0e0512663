import type { Metadata } from "next";
import { CreateJobForm } from "../../../components/create-job-form.tsx";
import { KnownJobs } from "../../../components/known-jobs.tsx";

export const metadata: Metadata = { title: "Make clips" };

interface GenerateClipsPageProps {
  searchParams: Promise<{ url?: string | string[] }>;
}

export default async function GenerateClipsPage({ searchParams }: GenerateClipsPageProps) {
  const { url } = await searchParams;
  return (
    <div className="page max-w-3xl pt-8 sm:pt-14">
      <h1 className="text-4xl sm:text-5xl">Make clips</h1>
      <p className="mt-3 mb-8 text-lg text-soft">One video in, up to five vertical clips out.</p>
      <CreateJobForm initialAddress={typeof url === "string" ? url : ""} />
      <KnownJobs />
    </div>
  );
}
