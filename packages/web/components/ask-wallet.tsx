"use client";
import { lazy, Suspense, useState } from "react";
import type { CreditsOn } from "./connect-wallet.tsx";

/** Comes with the dialog's code, so only to those who need it. */
const WalletDialog = lazy(() =>
  import("./wallet-dialog.tsx").then(({ WalletDialog }) => ({ default: WalletDialog })),
);

export interface AskWalletProps {
  open: boolean;
  onClose: () => void;
  /** What signing in is for, in a sentence. */
  why: string;
  info: CreditsOn;
  /** What has the focus afterwards; else what had it before. */
  returnTo?: () => HTMLElement | null;
}

/** Asks whoever is not signed in for a wallet, without leaving the page. */
export function AskWallet(props: AskWalletProps) {
  const [wanted, setWanted] = useState(false);
  if (props.open && !wanted) setWanted(true);
  if (!wanted) return null;
  return (
    <Suspense fallback={null}>
      <WalletDialog {...props} />
    </Suspense>
  );
}
