"use client";
import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useTranslations } from "next-intl";
import { useEffect } from "react";
import { useSession } from "../hooks/use-session.ts";
import type { AskWalletProps } from "./ask-wallet.tsx";
import { ConnectWallet } from "./connect-wallet.tsx";

/** Signing in without leaving the page. It closes by itself once somebody is signed in; what costs something is pressed afterwards. */
export function WalletDialog({ open, onClose, why, info, returnTo }: AskWalletProps) {
  const t = useTranslations();
  const signedIn = useSession() !== null;
  useEffect(() => {
    if (open && signedIn) onClose();
  }, [open, signedIn, onClose]);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 min-h-dvh bg-[#05070f]/60 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup
          finalFocus={() => returnTo?.() ?? true}
          className="panel fixed top-1/2 left-1/2 max-h-[calc(100dvh-2rem)] w-[32rem] max-w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2 overflow-y-auto p-5 shadow-panel transition-[opacity,scale] duration-150 data-ending-style:scale-95 data-ending-style:opacity-0 data-starting-style:scale-95 data-starting-style:opacity-0 sm:p-6"
        >
          <div className="flex items-start justify-between gap-4">
            <Dialog.Title className="text-xl font-semibold">{t("money.signIn.title")}</Dialog.Title>
            <Dialog.Close
              className="-mt-2 -me-2 inline-flex size-11 shrink-0 items-center justify-center rounded-control text-soft hover:text-ink"
              aria-label={t("money.signIn.close")}
            >
              <X size={20} aria-hidden="true" />
            </Dialog.Close>
          </div>
          <Dialog.Description className="mt-1 mb-4">{why}</Dialog.Description>
          <ConnectWallet info={info} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
