"use client";
import { AlertDialog } from "@base-ui/react/alert-dialog";

interface ConfirmDialogProps {
  open: boolean;
  title: string;
  what: string;
  yes: string;
  no: string;
  onYes: () => void;
  onNo: () => void;
  /** What has the focus afterwards; else what had it before. */
  returnTo?: () => HTMLElement | null;
}

/** A question before something that cannot be taken back; staying is what Escape and Enter do. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { open, title, what, yes, no, onYes, onNo, returnTo } = props;
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !next && onNo()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 min-h-dvh bg-[#05070f]/60 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <AlertDialog.Popup
          finalFocus={() => returnTo?.() ?? true}
          className="panel fixed inset-x-4 top-1/2 mx-auto max-w-[26rem] -translate-y-1/2 p-6 shadow-panel transition-[opacity,scale] duration-150 data-ending-style:scale-95 data-ending-style:opacity-0 data-starting-style:scale-95 data-starting-style:opacity-0"
        >
          <AlertDialog.Title className="text-xl font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description className="mt-2 break-words text-soft">{what}</AlertDialog.Description>
          <div className="mt-6 flex flex-wrap justify-end gap-3">
            <AlertDialog.Close className="button button-main">{no}</AlertDialog.Close>
            <button type="button" className="button button-quiet" onClick={onYes}>
              {yes}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
