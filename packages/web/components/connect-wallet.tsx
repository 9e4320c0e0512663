"use client";
import type { CreditsInfo } from "@kangklip/contract";
import { Wallet } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { rememberedWallet } from "../lib/session.ts";

/** Comes with the wallet code, so only to those who open it. */
const WalletChoices = lazy(() =>
  import("./wallet-choices.tsx").then(({ WalletChoices }) => ({ default: WalletChoices })),
);

export type CreditsOn = Extract<CreditsInfo, { enabled: true }>;

/** Signing in with a wallet: what will be signed and why, then which wallet. It is gone as soon as somebody is signed in. */
export function ConnectWallet({ info }: { info: CreditsOn }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (rememberedWallet() !== null) setOpen(true); // used here before: straight to the wallets
  }, []);
  return (
    <div className="flex flex-col gap-5">
      <ul className="list-none! space-y-2 p-0! text-soft">
        <li>
          You sign a short text that names this site, your address and a number used once. It shows that the
          wallet is yours, costs nothing and moves no money.
        </li>
        <li>
          Money moves only when you top up: then your wallet shows the payment, and you say yes or no to it.
        </li>
      </ul>
      {open ? (
        <Suspense fallback={<div className="skeleton h-16" role="status" aria-label="Looking for wallets" />}>
          <WalletChoices info={info} />
        </Suspense>
      ) : (
        <button
          type="button"
          className="button button-main self-start max-sm:w-full"
          onClick={() => setOpen(true)}
        >
          <Wallet size={18} aria-hidden="true" /> Connect a wallet
        </button>
      )}
    </div>
  );
}
