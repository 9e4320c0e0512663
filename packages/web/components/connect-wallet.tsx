"use client";
import type { CreditsInfo } from "@kangklip/contract";
import { Wallet } from "lucide-react";
import { useTranslations } from "next-intl";
import { lazy, Suspense, useEffect, useState } from "react";
import { rememberedWallet } from "../lib/session.ts";

/** Comes with the wallet code, so only to those who open it. */
const WalletChoices = lazy(() =>
  import("./wallet-choices.tsx").then(({ WalletChoices }) => ({ default: WalletChoices })),
);

export type CreditsOn = Extract<CreditsInfo, { enabled: true }>;

/** Signing in with a wallet: what will be signed and why, then which wallet. It is gone as soon as somebody is signed in. */
export function ConnectWallet({ info }: { info: CreditsOn }) {
  const t = useTranslations();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (rememberedWallet() !== null) setOpen(true); // used here before: straight to the wallets
  }, []);
  return (
    <div className="flex flex-col gap-5">
      <ul className="list-none! space-y-2 p-0! text-soft">
        <li>{t("money.signIn.proof")}</li>
        <li>{t("money.signIn.moves")}</li>
      </ul>
      {open ? (
        <Suspense
          fallback={<div className="skeleton h-16" role="status" aria-label={t("money.signIn.looking")} />}
        >
          <WalletChoices info={info} />
        </Suspense>
      ) : (
        <button
          type="button"
          className="button button-main self-start max-sm:w-full"
          onClick={() => setOpen(true)}
        >
          <Wallet size={18} aria-hidden="true" /> {t("money.signIn.connect")}
        </button>
      )}
    </div>
  );
}
