import { useTranslations } from "next-intl";
import { Notice } from "./notice.tsx";

interface EditOutdatedProps {
  /** The revision that was changed, and the one that is shown by now. */
  base: number;
  shown: number;
  onRebase: () => void;
  onDiscard: () => void;
}

/** Another tab or person was faster: what was changed here goes onto their version, or away. */
export function EditOutdated({ base, shown, onRebase, onDiscard }: EditOutdatedProps) {
  const t = useTranslations();
  return (
    <Notice title={t("editor.outdated.title")}>
      <p>{t("editor.outdated.what", { shown, base })}</p>
      <div className="mt-3 flex flex-wrap gap-2">
        <button type="button" className="button button-main" onClick={onRebase}>
          {t("editor.outdated.rebase", { shown })}
        </button>
        <button type="button" className="button button-quiet" onClick={onDiscard}>
          {t("editor.outdated.discard")}
        </button>
      </div>
    </Notice>
  );
}
