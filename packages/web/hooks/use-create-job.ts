import { useRouter } from "next/navigation";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { checkForm, type Field, inWords, type JobForm } from "../lib/job-form.ts";
import { keepJobToken } from "../lib/job-token.ts";
import { UploadFailure } from "../lib/part-upload.ts";
import { codeProblem, type Problem, problemOf } from "../lib/problem.ts";
import { readSession } from "../lib/session.ts";
import { trpc } from "../lib/trpc.ts";
import { forgetUpload } from "../lib/upload-memory.ts";
import { uploadProblem } from "../lib/upload-text.ts";
import { useSystem } from "./use-system.ts";
import { useUpload } from "./use-upload.ts";

/** Where a failure belongs: at one field of the form, or (null) at the form as a whole. */
export interface FormFailure {
  field: Field | null;
  problem: Problem;
}

/**
 * Makes a job of the form: checks it, sends the file if there is one, keeps the job's token and opens its page.
 * The form is the caller's and stays as it is, also on a failure.
 */
export function useCreateJob() {
  const t = useTranslations();
  const router = useRouter();
  const system = useSystem();
  const sending = useUpload();
  const { mutateAsync: createJob } = trpc.jobs.create.useMutation();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<FormFailure | null>(null);

  /** @param refused what is wrong with the source as a look at it has shown; null: nothing, or it was not looked at */
  async function submit(form: JobForm & { file: File | null }, refused: Problem | null): Promise<void> {
    const checked = checkForm(t, form, system.data?.max_source_bytes);
    if (!checked.ok) return setFailure(checked);
    if (refused) return setFailure({ field: "source", problem: refused });
    if (system.data?.generation_fee && readSession() === null)
      return setFailure({ field: null, problem: codeProblem("NOT_SIGNED_IN", "") });
    setBusy(true);
    setFailure(null);
    try {
      const source = form.file
        ? { upload_id: await sending.upload(form.file) }
        : { video_url: checked.videoUrl ?? "" };
      const { job_id, job_token } = await createJob({ ...checked.request, ...source });
      keepJobToken(job_id, job_token);
      router.push(`/jobs/${job_id}`);
    } catch (error) {
      const next = error instanceof UploadFailure ? ofUpload(error) : failureOf(error);
      if (form.file && next?.problem.code === "NOT_FOUND") forgetUpload(factsOf(form.file)); // it is sent anew next time
      setFailure(next);
      setBusy(false);
    }
  }
  function ofUpload(error: UploadFailure): FormFailure {
    return { field: error.reason === "changed" ? "source" : null, problem: uploadProblem(t, error) };
  }
  return { submit, busy, failure, clearFailure: () => setFailure(null), sending };
}

const factsOf = ({ name, size, lastModified }: File) => ({
  name,
  size_bytes: size,
  last_modified: lastModified,
});

function failureOf(error: unknown): FormFailure | null {
  const problem = problemOf(error);
  if (problem.code === "CANCELLED") return null; // it was the person's own wish
  const aboutSource =
    problem.code?.startsWith("SOURCE_") ||
    /^video_url/.test(problem.message) ||
    problem.code === "YTDLP_MISSING";
  const field = aboutSource ? "source" : /^compute\b/.test(problem.message) ? "compute" : null;
  return { field, problem: { ...problem, message: inWords(problem.message) } };
}
