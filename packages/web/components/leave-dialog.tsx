import { AlertDialog } from "@base-ui/react/alert-dialog";
import { useTranslations } from "next-intl";

interface LeaveDialogProps {
  open: boolean;
  onStay: () => void;
  onKeep: () => void;
  onDiscard: () => void;
}

/** Asks what is to become of changes that are in no version: they wait, or are thrown away, or nobody leaves. */
export function LeaveDialog({ open, onStay, onKeep, onDiscard }: LeaveDialogProps) {
  const t = useTranslations();
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => !next && onStay()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 z-10 min-h-dvh bg-[#05070f]/60 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <AlertDialog.Popup className="panel fixed inset-0 z-10 m-auto h-fit max-h-[calc(100dvh-2rem)] w-[26rem] max-w-[calc(100vw-2rem)] overflow-y-auto p-6 shadow-panel transition-[opacity,scale] duration-150 data-ending-style:scale-95 data-ending-style:opacity-0 data-starting-style:scale-95 data-starting-style:opacity-0">
          <AlertDialog.Title className="text-xl font-semibold">{t("editor.leave.title")}</AlertDialog.Title>
          <AlertDialog.Description className="mt-2 text-soft">
            {t("editor.leave.what")}
          </AlertDialog.Description>
          <div className="mt-6 flex flex-col gap-3">
            <AlertDialog.Close className="button button-main">{t("editor.leave.stay")}</AlertDialog.Close>
            <button type="button" className="button button-quiet" onClick={onKeep}>
              {t("editor.leave.keep")}
            </button>
            <button type="button" className="button button-quiet text-bad" onClick={onDiscard}>
              {t("editor.leave.discard")}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
