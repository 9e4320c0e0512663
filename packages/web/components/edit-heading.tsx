import type { RevisionView } from "@kangklip/contract";
import { Redo2, Undo2 } from "lucide-react";
import type { ReactNode } from "react";

interface EditHeadingProps {
  title: string;
  /** The versions that undo and redo show; undefined where there is none. */
  earlier: RevisionView | undefined;
  later: RevisionView | undefined;
  disabled: boolean;
  onShow: (revision: number) => void;
}

/** What is edited, and the ways back and forth through its versions. */
export function EditHeading({ title, earlier, later, disabled, onShow }: EditHeadingProps) {
  return (
    <div className="mt-1 mb-6 flex flex-wrap items-end justify-between gap-4">
      <h1 dir="auto" className="min-w-0 text-3xl break-words">
        <span className="sr-only">Edit: </span>
        {title}
      </h1>
      <div className="flex gap-2">
        <StepButton
          label="Undo"
          what="show the version before"
          disabled={disabled || !earlier}
          onClick={() => earlier && onShow(earlier.revision)}
        >
          <Undo2 size={18} aria-hidden="true" />
        </StepButton>
        <StepButton
          label="Redo"
          what="show the version after"
          disabled={disabled || !later}
          onClick={() => later && onShow(later.revision)}
        >
          <Redo2 size={18} aria-hidden="true" />
        </StepButton>
      </div>
    </div>
  );
}

interface StepButtonProps {
  label: string;
  what: string;
  disabled: boolean;
  onClick: () => void;
  children: ReactNode;
}

function StepButton({ label, what, disabled, onClick, children }: StepButtonProps) {
  return (
    <button type="button" className="button button-quiet" disabled={disabled} onClick={onClick}>
      {children} {label}
      <span className="sr-only">: {what}</span>
    </button>
  );
}
