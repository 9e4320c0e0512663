import type { RevisionView } from "@kangklip/contract";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useTranslations } from "next-intl";

interface EditHeadingProps {
  title: string;
  /** The versions before and after the one that is shown; undefined where there is none. */
  earlier: RevisionView | undefined;
  later: RevisionView | undefined;
  disabled: boolean;
  onShow: (revision: number) => void;
}

/** What is edited, and the ways back and forth through its versions. */
export function EditHeading({ title, earlier, later, disabled, onShow }: EditHeadingProps) {
  const t = useTranslations();
  return (
    <div className="mt-1 mb-6 flex flex-wrap items-end justify-between gap-4">
      <h1 className="min-w-0 text-3xl break-words">
        <span className="sr-only">{t("editor.editing")} </span>
        <bdi>{title}</bdi>
      </h1>
      {(earlier || later) && (
        <div className="flex flex-wrap gap-2">
          <button
            type="button"
            className="button button-quiet ps-3"
            disabled={disabled || !earlier}
            onClick={() => earlier && onShow(earlier.revision)}
          >
            <ChevronLeft size={18} aria-hidden="true" className="rtl:-scale-x-100" />
            {t("editor.versions.earlier")}
          </button>
          <button
            type="button"
            className="button button-quiet pe-3"
            disabled={disabled || !later}
            onClick={() => later && onShow(later.revision)}
          >
            {t("editor.versions.later")}
            <ChevronRight size={18} aria-hidden="true" className="rtl:-scale-x-100" />
          </button>
        </div>
      )}
    </div>
  );
}
