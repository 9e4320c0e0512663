"use client";
import { Coins } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { useBalance, useCredits } from "../hooks/use-credits.ts";
import { useSession } from "../hooks/use-session.ts";
import { topupHref, usdcText } from "../lib/credit-text.ts";
import { problemOf } from "../lib/problem.ts";
import { ProblemLine } from "./problem-line.tsx";

/** What making the job costs, said before it is made. @param back the page to come back to after a top-up */
export function GenerationFee({ fee, back }: { fee: number; back: string }) {
  const t = useTranslations();
  const { info, error } = useCredits();
  const session = useSession();
  const { credits } = useBalance();
  const short = session !== null && credits !== undefined && credits < fee;
  const b = (text: ReactNode) => <strong className="font-medium">{text}</strong>;
  return (
    <div className="flex items-start gap-3 rounded-control bg-sunk px-4 py-3">
      <Coins size={20} aria-hidden="true" className="mt-0.5 shrink-0" />
      <div className="min-w-0">
        <p>
          {info
            ? t.rich("builder.fee.costsUsdc", { credits: fee, usdc: usdcText(t, fee * info.credit_unit), b })
            : t.rich("builder.fee.costs", { credits: fee, b })}
        </p>
        <p role="status" className="mt-1 text-sm text-soft">
          {error ? (
            <ProblemLine problem={problemOf(error)} />
          ) : session === null ? (
            t("builder.fee.willAsk")
          ) : credits === undefined ? (
            t("money.asking")
          ) : (
            t("money.have", { credits })
          )}
        </p>
        {short && (
          <Link href={topupHref(back)} className="text-link inline-flex min-h-11 items-center">
            {t("builder.fee.topUp")}
          </Link>
        )}
      </div>
    </div>
  );
}
