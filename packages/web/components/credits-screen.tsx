"use client";
import Link from "next/link";
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
  const { info, error, reload } = useCredits();
  const session = useSession();
  const [pendingUnseen, setPendingUnseen] = useState(false);
  useEffect(() => setPendingUnseen(session === null && anyPendingTopup()), [session]);

  const signedOut = useRef(false);
  if (info && session === null) signedOut.current = true;

  if (error) return <ProblemCard problem={problemOf(error)} onRetry={() => reload()} />;
  if (info === undefined)
    return <div className="skeleton h-28" role="status" aria-label="Asking whether credits are on" />;
  if (info === null) return <CreditsOff />;
  return (
    <div className="flex flex-col gap-5">
      {info.chain === "localnet" && (
        <Banner>This is a localnet: everything works as on Solana, with money that is worth nothing.</Banner>
      )}
      {info.paused && (
        <Banner>
          Top-ups are paused by whoever runs this installation. Credits that are there stay good and can be
          spent.
        </Banner>
      )}
      {session ? (
        <>
          <WalletPanel session={session} info={info} back={back} focus={signedOut.current} />
          <Topup key={session.wallet} session={session} info={info} />
        </>
      ) : (
        <section className="panel p-5 sm:p-6">
          {pendingUnseen && (
            <div className="mb-5">
              <Banner>
                A payment from this browser is under way, or has arrived since. Sign in to see it: nothing is
                lost meanwhile.
              </Banner>
            </div>
          )}
          <h2 className="mt-0! text-xl">Sign in with a Solana wallet</h2>
          <ConnectWallet info={info} />
        </section>
      )}
    </div>
  );
}

function CreditsOff() {
  return (
    <div className="panel p-6">
      <h2 className="mt-0! text-xl">Credits are not configured</h2>
      <p className="mt-2 text-soft">
        This installation runs without credits, so there is nothing to top up: every clip is unlocked.
      </p>
      <Link href="/generate-clips" className="button button-main mt-5">
        Make clips
      </Link>
    </div>
  );
}
