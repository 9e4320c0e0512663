import type { ClipEdit } from "@kangklip/contract";
import { changedText } from "../lib/clip-changes.ts";
import type { Problem } from "../lib/problem.ts";

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
}

/** What is changed and not yet a version, and the way to make it one; always in sight. */
export function EditBar(props: EditBarProps) {
  const { edit, wrong, problem, isBusy, isStarting, mayMake, mayDiscard, onMake, onDiscard } = props;
  return (
    <div className="sticky bottom-0 z-1 -mx-4 mt-8 border-t border-line bg-paper px-4 py-3 sm:mx-0 sm:px-0">
      {problem && (
        <p role="alert" className="mb-2 text-bad">
          <strong className="font-medium">{problem.message}.</strong> Your changes are still here.
        </p>
      )}
      {wrong && (
        <p role="alert" className="mb-2 text-bad">
          {wrong}
        </p>
      )}
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p role="status" className="min-w-0 flex-1 basis-40 text-sm break-words text-soft">
          {isBusy
            ? "A version is being made."
            : edit
              ? `Changed: ${changedText(Object.keys(edit))}.`
              : "Nothing is changed yet."}
        </p>
        <div className="flex flex-wrap gap-2 max-sm:w-full">
          {mayDiscard && (
            <button type="button" className="button button-quiet max-sm:flex-1" onClick={onDiscard}>
              Throw away
            </button>
          )}
          <button
            type="button"
            className="button button-main max-sm:flex-1"
            disabled={!mayMake}
            onClick={onMake}
          >
            {isStarting ? "Starting…" : "Make this version"}
          </button>
        </div>
      </div>
    </div>
  );
}
