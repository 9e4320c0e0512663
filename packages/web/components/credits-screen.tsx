"use client";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useEffect, useRef, useState } from "react";
import { useCredits } from "../hooks/use-credits.ts";
import { useSession } from "../hooks/use-session.ts";
import { anyPendingTopup } from "../lib/pending-topup.ts";
import { problemOf } from "../lib/problem.ts";
import { Banner } from "./banner.tsx";
import { ConnectWallet } from "./connect-wallet.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { Topup } from "./topup.tsx";
import { WalletPanel } from "./wallet-panel.tsx";

/** Credits from not knowing of any to having some. `back`: where to go once there are enough. */
export function CreditsScreen({ back }: { back: string | null }) {
  const t = useTranslations();
  const { info, error, reload } = useCredits();
  const session = useSession();
  const [pendingUnseen, setPendingUnseen] = useState(false);
  useEffect(() => setPendingUnseen(session === null && anyPendingTopup()), [session]);

  const signedOut = useRef(false);
  if (info && session === null) signedOut.current = true;

  if (error) return <ProblemCard problem={problemOf(error)} onRetry={() => reload()} />;
  if (info === undefined)
    return <div className="skeleton h-28" role="status" aria-label={t("money.page.asking")} />;
  if (info === null) return <CreditsOff />;
  return (
    <div className="flex flex-col gap-5">
      {info.chain === "localnet" && <Banner>{t("money.page.localnet")}</Banner>}
      {info.paused && <Banner>{t("money.page.paused")}</Banner>}
      {session ? (
        <>
          <WalletPanel session={session} info={info} back={back} focus={signedOut.current} />
          <Topup key={session.wallet} session={session} info={info} />
        </>
      ) : (
        <section className="panel p-5 sm:p-6">
          {pendingUnseen && (
            <div className="mb-5">
              <Banner>{t("money.page.pendingUnseen")}</Banner>
            </div>
          )}
          <h2 className="mt-0! text-xl">{t("money.signIn.title")}</h2>
          <ConnectWallet info={info} />
        </section>
      )}
    </div>
  );
}

function CreditsOff() {
  const t = useTranslations();
  return (
    <div className="panel p-6">
      <h2 className="mt-0! text-xl">{t("money.page.off")}</h2>
      <p className="mt-2 text-soft">{t("money.page.offWhy")}</p>
      <Link href="/generate-clips" className="button button-main mt-5">
        {t("money.page.makeClips")}
      </Link>
    </div>
  );
}
