import type { ClipEdit } from "@kangklip/contract";
import { Redo2, Undo2 } from "lucide-react";
import { useTranslations } from "next-intl";
import { changedText } from "../lib/clip-changes.ts";
import type { Problem } from "../lib/problem.ts";
import { ProblemLine } from "./problem-line.tsx";

interface EditBarProps {
  /** What is changed; null: nothing. */
  edit: ClipEdit | null;
  /** Why no version can be made of it. */
  wrong: string | null;
  /** Why none was made. */
  problem: Problem | null;
  isBusy: boolean;
  isStarting: boolean;
  mayMake: boolean;
  mayDiscard: boolean;
  onMake: () => void;
  onDiscard: () => void;
  /** Take the last change back, make it again; undefined where there is none. */
  onUndo: (() => void) | undefined;
  onRedo: (() => void) | undefined;
}

/** What is changed and not yet a version, the ways back and forth through it, and the way to make it one; always in sight. */
export function EditBar(props: EditBarProps) {
  const { edit, wrong, problem, isBusy, isStarting, mayMake, mayDiscard } = props;
  const { onMake, onDiscard, onUndo, onRedo } = props;
  const t = useTranslations();
  return (
    <div className="sticky bottom-0 z-1 -mx-4 mt-8 border-t border-line bg-paper px-4 py-3 sm:mx-0 sm:px-0">
      {problem && (
        <p role="alert" className="mb-2 text-bad">
          <ProblemLine problem={problem} instead={t("editor.bar.stillHere")} />
        </p>
      )}
      {wrong && (
        <p role="alert" className="mb-2 text-bad">
          {wrong}
        </p>
      )}
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-2">
        <div className="flex shrink-0 gap-2">
          <button
            type="button"
            aria-label={t("editor.bar.undoWhat")}
            title={t("editor.bar.undoWhat")}
            aria-keyshortcuts="Control+Z Meta+Z"
            className="button button-quiet size-11.5 px-0"
            disabled={isBusy || !onUndo}
            onClick={onUndo}
          >
            <Undo2 size={18} aria-hidden="true" className="rtl:-scale-x-100" />
          </button>
          <button
            type="button"
            aria-label={t("editor.bar.redoWhat")}
            title={t("editor.bar.redoWhat")}
            aria-keyshortcuts="Control+Shift+Z Meta+Shift+Z"
            className="button button-quiet size-11.5 px-0"
            disabled={isBusy || !onRedo}
            onClick={onRedo}
          >
            <Redo2 size={18} aria-hidden="true" className="rtl:-scale-x-100" />
          </button>
        </div>
        <p role="status" className="min-w-0 flex-1 basis-36 text-sm break-words text-soft">
          {isBusy
            ? t("editor.bar.making")
            : edit
              ? t("editor.bar.changed", { what: changedText(t, Object.keys(edit)) })
              : t("editor.bar.nothing")}
        </p>
        <div className="flex flex-wrap gap-2 max-sm:w-full">
          {mayDiscard && (
            <button type="button" className="button button-quiet max-sm:flex-1" onClick={onDiscard}>
              {t("editor.bar.throwAway")}
            </button>
          )}
          <button
            type="button"
            className="button button-main max-sm:flex-1"
            disabled={!mayMake}
            onClick={onMake}
          >
            {t(isStarting ? "editor.bar.starting" : "editor.bar.make")}
          </button>
        </div>
      </div>
    </div>
  );
}
