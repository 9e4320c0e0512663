"use client";
import { Dialog } from "@base-ui/react/dialog";
import type { ClipFile, ClipView, JobId } from "@kangklip/contract";
import { Share2, X } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useShares } from "../hooks/use-shares.ts";
import { problemOf } from "../lib/problem.ts";
import { ProblemLine } from "./problem-line.tsx";
import { ShareForm } from "./share-form.tsx";
import { ShareLinks } from "./share-links.tsx";

/** Makes links to the clips, for people who may watch and save them, and takes links back. */
export function ShareDialog({ jobId, clips }: { jobId: JobId; clips: readonly ClipView[] }) {
  const t = useTranslations();
  const [open, setOpen] = useState(false);
  const { list, create, revoke } = useShares(jobId, open);
  const [said, say] = useState("");
  const failure = create.error ?? revoke.error ?? list.error;
  function make(wish: { clip_files: ClipFile[] | null; expires_in_seconds: number }) {
    revoke.reset();
    create.mutate({ job_id: jobId, ...wish }, { onSuccess: () => say(t("share.made")) });
  }
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger className="button button-quiet max-sm:grow">
        <Share2 size={18} aria-hidden="true" className="shrink-0" /> {t("share.button")}
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-20 min-h-dvh bg-[#05070f]/60 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="panel fixed top-1/2 left-1/2 z-20 max-h-[calc(100dvh-2rem)] w-[36rem] max-w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2 overflow-y-auto p-5 shadow-panel transition-[opacity,scale] duration-150 data-ending-style:scale-95 data-ending-style:opacity-0 data-starting-style:scale-95 data-starting-style:opacity-0 sm:p-6">
          <div className="flex items-start justify-between gap-4">
            <Dialog.Title className="text-xl font-semibold">{t("share.title")}</Dialog.Title>
            <Dialog.Close
              className="-mt-2 -me-2 inline-flex size-11 shrink-0 items-center justify-center rounded-control text-soft hover:text-ink"
              aria-label={t("share.close")}
            >
              <X size={20} aria-hidden="true" />
            </Dialog.Close>
          </div>
          <Dialog.Description className="mt-1 text-soft">{t("share.text")}</Dialog.Description>
          <ShareForm clips={clips} busy={create.isPending} onMake={make} />
          {failure && (
            <p role="alert" className="mt-4 text-bad">
              <ProblemLine problem={problemOf(failure)} />
            </p>
          )}
          <p role="status" className="sr-only">
            {said}
          </p>
          <ShareLinks
            links={list.data}
            of={clips.length}
            revoking={revoke.isPending ? revoke.variables.share_id : null}
            onRevoke={(share_id) => {
              create.reset();
              revoke.mutate({ job_id: jobId, share_id }, { onSuccess: () => say(t("share.revoked")) });
            }}
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
