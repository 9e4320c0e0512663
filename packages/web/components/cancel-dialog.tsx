import { AlertDialog } from "@base-ui/react/alert-dialog";
import { useTranslations } from "next-intl";

/** The button that stops a job, and the question before it does. */
export function CancelDialog({ onCancel, cancelling }: { onCancel: () => void; cancelling: boolean }) {
  const t = useTranslations();
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger className="button button-quiet" disabled={cancelling}>
        {cancelling ? t("job.cancel.busy") : t("job.cancel.button")}
      </AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 min-h-dvh bg-[#05070f]/60 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <AlertDialog.Popup className="panel fixed top-1/2 left-1/2 w-[26rem] max-w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2 p-6 shadow-panel transition-[opacity,scale] duration-150 data-ending-style:scale-95 data-ending-style:opacity-0 data-starting-style:scale-95 data-starting-style:opacity-0">
          <AlertDialog.Title className="text-xl font-semibold">{t("job.cancel.title")}</AlertDialog.Title>
          <AlertDialog.Description className="mt-2 text-soft">{t("job.cancel.text")}</AlertDialog.Description>
          <div className="mt-6 flex flex-wrap justify-end gap-3">
            <AlertDialog.Close className="button button-quiet">{t("job.cancel.stay")}</AlertDialog.Close>
            <AlertDialog.Close className="button button-main" onClick={onCancel}>
              {t("job.cancel.button")}
            </AlertDialog.Close>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
