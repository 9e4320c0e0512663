"use client";
import { Coins } from "lucide-react";
import Link from "next/link";
import { useBalance, useCredits } from "../hooks/use-credits.ts";
import { useSession } from "../hooks/use-session.ts";
import { creditsText, topupHref, usdcText } from "../lib/credit-text.ts";
import { problemOf } from "../lib/problem.ts";

/** What making the job costs, said before it is made. @param back the page to come back to after a top-up */
export function GenerationFee({ fee, back }: { fee: number; back: string }) {
  const { info, error } = useCredits();
  const session = useSession();
  const { credits } = useBalance();
  const short = session !== null && credits !== undefined && credits < fee;
  return (
    <div className="flex items-start gap-3 rounded-control bg-sunk px-4 py-3">
      <Coins size={20} aria-hidden="true" className="mt-0.5 shrink-0" />
      <div className="min-w-0">
        <p>
          Making them costs{" "}
          <strong className="font-medium">
            {creditsText(fee)}
            {info ? ` (${usdcText(fee * info.credit_unit)})` : ""}
          </strong>
          , from the wallet that you sign in with. A job that fails gives them back.
        </p>
        <p role="status" className="mt-1 text-sm text-soft">
          {error
            ? `${problemOf(error).message}. ${problemOf(error).action}`
            : session === null
              ? "You will be asked to sign in."
              : credits === undefined
                ? "Asking for your balance…"
                : `You have ${creditsText(credits)}.`}
        </p>
        {short && (
          <Link href={topupHref(back)} className="text-link inline-flex min-h-11 items-center">
            Top up first
          </Link>
        )}
      </div>
    </div>
  );
}
