import type { ClipView, JobId } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useRef } from "react";
import { ClipDownloads } from "./clip-downloads.tsx";
import { ClipUnlock } from "./clip-unlock.tsx";

interface EditSaveProps {
  jobId: JobId;
  clip: ClipView;
  /** Whether something is changed that is in no version. */
  unsaved: boolean;
}

/** The clip as it is shown, to be saved and posted. */
export function EditSave({ jobId, clip, unsaved }: EditSaveProps) {
  const t = useTranslations();
  const wasLocked = useRef(false);
  if (clip.locked) wasLocked.current = true;
  return (
    <>
      <p className="mb-4 text-sm text-soft">
        {clip.locked ? t("editor.save.locked") : t("editor.save.what", { revision: clip.revision })}{" "}
        {unsaved && <strong className="font-medium text-ink">{t("editor.save.unsaved")}</strong>}
      </p>
      <div className="max-w-md">
        {clip.locked ? (
          <ClipUnlock jobId={jobId} clip={clip} />
        ) : (
          <ClipDownloads jobId={jobId} clip={clip} focus={wasLocked.current} />
        )}
      </div>
    </>
  );
}
