import type { ClipView, JobId } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import type { ComponentProps } from "react";
import { ClipPlayer } from "./clip-player.tsx";

interface EditPlayerProps extends Pick<ComponentProps<typeof ClipPlayer>, "videoRef" | "onMark"> {
  jobId: JobId;
  clip: ClipView;
  /** How many there are. */
  versions: number;
}

/** The version that is shown, as high as the screen lets all of it be seen; its keys i and o cut. */
export function EditPlayer({ clip, versions, ...player }: EditPlayerProps) {
  const t = useTranslations();
  return (
    <>
      <div className="mx-auto lg:w-[min(19rem,max(12rem,calc((100dvh-17rem)*9/16)))]">
        <ClipPlayer clip={clip} {...player} small />
      </div>
      <p className="mt-2 text-center text-sm text-soft max-lg:hidden">
        {t("editor.versionOf", { revision: clip.revision, count: Math.max(clip.revisions, versions) })}
        <br />
        {t.rich("editor.keysHint", {
          key: (text) => <kbd className="rounded border border-line-strong px-1.5 font-sans">{text}</kbd>,
        })}
      </p>
    </>
  );
}
