"use client";
import { Coins } from "lucide-react";
import Link from "next/link";
import { useFormatter, useTranslations } from "next-intl";
import { useBalance, useCreditsOn } from "../hooks/use-credits.ts";
import { useSession } from "../hooks/use-session.ts";

/** The way to one's credits, with their number for whoever is signed in; nothing where credits are off. */
export function HeaderCredits() {
  const t = useTranslations();
  const format = useFormatter();
  const on = useCreditsOn();
  const session = useSession();
  const { credits } = useBalance();
  if (!on) return null;
  const known = session !== null && credits !== undefined;
  return (
    <Link
      href="/topup"
      data-credits
      aria-label={known ? t("money.header.have", { credits }) : undefined}
      className="ms-1 flex min-h-11 items-center gap-2 rounded-control border border-line-strong px-2.5 hover:bg-sunk sm:px-3"
    >
      <Coins size={18} aria-hidden="true" className="shrink-0" />
      {known ? (
        <span className="tabular-nums">{format.number(credits)}</span>
      ) : (
        <span className="max-[22rem]:sr-only">{t("money.header.credits")}</span>
      )}
    </Link>
  );
}
