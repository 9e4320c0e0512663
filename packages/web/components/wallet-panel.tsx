"use client";
import { RefreshCw } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useBalance } from "../hooks/use-credits.ts";
import { useFaucet } from "../hooks/use-faucet.ts";
import { useFocus } from "../hooks/use-focus.ts";
import { useSignOut } from "../hooks/use-sign-out.ts";
import { creditsText, shortAddress, solText, usdcText } from "../lib/credit-text.ts";
import { problemOf } from "../lib/problem.ts";
import type { Session } from "../lib/session.ts";
import type { CreditsOn } from "./connect-wallet.tsx";
import { ProblemLine } from "./problem-line.tsx";

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
  const t = useTranslations();
  const panel = useFocus<HTMLElement>(focus);
  const { credits, error, refreshing, refresh } = useBalance();
  const { signOut, signingOut } = useSignOut();
  const faucet = useFaucet();
  const problem = faucet.problem ?? (error ? problemOf(error) : null);
  return (
    <section
      ref={panel}
      tabIndex={-1}
      className="panel p-5 outline-none sm:p-6"
      aria-label={t("money.panel.name")}
    >
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <p className="flex items-center gap-1 text-3xl font-semibold tabular-nums">
          <span role="status">
            {credits === undefined ? (
              <span className="skeleton inline-block h-8 w-32" />
            ) : (
              creditsText(t, credits)
            )}
          </span>
          <button
            type="button"
            className="inline-flex size-11 items-center justify-center rounded-control text-soft hover:text-ink"
            disabled={refreshing}
            onClick={() => refresh()}
            aria-label={t("money.panel.refresh")}
          >
            <RefreshCw size={18} aria-hidden="true" className={refreshing ? "animate-spin" : ""} />
          </button>
        </p>
        {back && (
          <Link href={back} className={`button ${credits ? "button-main" : "button-quiet"}`}>
            {back.startsWith("/jobs/") ? t("money.panel.backToClips") : t("money.panel.backToMaking")}
          </Link>
        )}
      </div>
      <div className="mt-1 flex flex-wrap items-center justify-between gap-x-6 text-sm text-soft">
        <p className="min-w-0 break-words">
          <bdi>{session.walletName}</bdi>{" "}
          <code dir="ltr" title={session.wallet}>
            {shortAddress(session.wallet)}
          </code>
        </p>
        <button
          type="button"
          className="-mx-2 inline-flex min-h-11 items-center rounded-control px-2 text-link underline underline-offset-4"
          disabled={signingOut}
          onClick={signOut}
        >
          {t("money.panel.disconnect")}
        </button>
      </div>
      {info.faucet && (
        <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-line pt-4">
          <button type="button" className="button button-quiet" disabled={faucet.asking} onClick={faucet.ask}>
            {faucet.asking ? t("money.panel.asking") : t("money.panel.faucet")}
          </button>
          <p role="status" className="text-sm text-soft">
            {faucet.gift
              ? t("money.panel.given", {
                  usdc: usdcText(t, faucet.gift.usdc_base_units),
                  sol: solText(t, faucet.gift.lamports),
                })
              : t("money.panel.worthless")}
          </p>
        </div>
      )}
      {problem && (
        <p role="alert" className="mt-3 text-bad">
          <ProblemLine problem={problem} />
        </p>
      )}
    </section>
  );
}
