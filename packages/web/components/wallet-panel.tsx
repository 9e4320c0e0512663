"use client";
import { RefreshCw } from "lucide-react";
import Link from "next/link";
import { useBalance } from "../hooks/use-credits.ts";
import { useFaucet } from "../hooks/use-faucet.ts";
import { useFocus } from "../hooks/use-focus.ts";
import { useSignOut } from "../hooks/use-sign-out.ts";
import { creditsText, shortAddress, solText, usdcText } from "../lib/credit-text.ts";
import { problemOf } from "../lib/problem.ts";
import type { Session } from "../lib/session.ts";
import type { CreditsOn } from "./connect-wallet.tsx";

/** Who is signed in and what they have; on a localnet also where its money comes from. */
export function WalletPanel({
  session,
  info,
  back,
  focus,
}: {
  session: Session;
  info: CreditsOn;
  back: string | null;
  /** Whether it takes the place of signing in. */
  focus: boolean;
}) {
  const panel = useFocus<HTMLElement>(focus);
  const { credits, error, refreshing, refresh } = useBalance();
  const { signOut, signingOut } = useSignOut();
  const faucet = useFaucet();
  const problem = faucet.problem ?? (error ? problemOf(error) : null);
  return (
    <section ref={panel} tabIndex={-1} className="panel p-5 outline-none sm:p-6" aria-label="Your credits">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <p className="flex items-center gap-1 text-3xl font-semibold tabular-nums">
          <span role="status">
            {credits === undefined ? (
              <span className="skeleton inline-block h-8 w-32" />
            ) : (
              creditsText(credits)
            )}
          </span>
          <button
            type="button"
            className="inline-flex size-11 items-center justify-center rounded-control text-soft hover:text-ink"
            disabled={refreshing}
            onClick={() => refresh()}
            aria-label="Ask for the balance again"
          >
            <RefreshCw size={18} aria-hidden="true" className={refreshing ? "animate-spin" : ""} />
          </button>
        </p>
        {back && (
          <Link href={back} className={`button ${credits ? "button-main" : "button-quiet"}`}>
            {back.startsWith("/jobs/") ? "Back to the clips" : "Back to making clips"}
          </Link>
        )}
      </div>
      <div className="mt-1 flex flex-wrap items-center justify-between gap-x-6 text-sm text-soft">
        <p className="min-w-0 break-words">
          {session.walletName} <code title={session.wallet}>{shortAddress(session.wallet)}</code>
        </p>
        <button
          type="button"
          className="-mx-2 inline-flex min-h-11 items-center rounded-control px-2 text-link underline underline-offset-4"
          disabled={signingOut}
          onClick={signOut}
        >
          Disconnect
        </button>
      </div>
      {info.faucet && (
        <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-line pt-4">
          <button type="button" className="button button-quiet" disabled={faucet.asking} onClick={faucet.ask}>
            {faucet.asking ? "Asking…" : "Get test money"}
          </button>
          <p role="status" className="text-sm text-soft">
            {faucet.gift
              ? `This wallet was given ${usdcText(faucet.gift.usdc_base_units)} and ${solText(faucet.gift.lamports)}.`
              : "USDC and SOL that are worth nothing, to try a top-up with."}
          </p>
        </div>
      )}
      {problem && (
        <p role="alert" className="mt-3 text-bad">
          <strong className="font-medium">{problem.message}.</strong> {problem.action}
        </p>
      )}
    </section>
  );
}
