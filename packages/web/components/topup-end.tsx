"use client";
import { CircleCheck } from "lucide-react";
import { useTranslations } from "next-intl";
import { useNow } from "../hooks/use-now.ts";
import { explorerUrl } from "../lib/credit-text.ts";
import type { PendingTopup } from "../lib/pending-topup.ts";
import type { CreditsOn } from "./connect-wallet.tsx";

/** A payment lands within about a minute or never; by then the page says so. */
const SLOW_MS = 30_000;
const LET_GO_MS = 180_000;

/** The payment is on its way. It is safe to leave: a reload goes on with it. */
export function TopupPending({
  pending,
  info,
  onLetGo,
}: {
  pending: PendingTopup;
  info: CreditsOn;
  onLetGo: () => void;
}) {
  const t = useTranslations();
  const age = useNow(true) - pending.since;
  return (
    <section className="panel p-5 sm:p-6" aria-label={t("money.payment.name")}>
      <div role="status">
        <h2 className="mt-0! text-xl">{t("money.payment.pending")}</h2>
        <p className="mt-2 text-soft">
          {age > SLOW_MS ? t("money.payment.slow") : t("money.payment.soon", { credits: pending.credits })}
        </p>
      </div>
      <div className="mt-4 h-1.5 overflow-hidden rounded-full bg-sunk" aria-hidden="true">
        <div className="h-full w-1/3 animate-[travel_1.4s_ease-in-out_infinite_alternate] rounded-full bg-lit" />
      </div>
      <Transaction signature={pending.signature} info={info} />
      {age > LET_GO_MS && (
        <div className="mt-4 border-t border-line pt-4">
          <p className="text-soft">{t("money.payment.hardly")}</p>
          <button type="button" className="button button-quiet mt-3" onClick={onLetGo}>
            {t("money.payment.letGo")}
          </button>
        </div>
      )}
    </section>
  );
}

/** The credits are there. */
export function TopupConfirmed({
  credits,
  signature,
  info,
  onAgain,
}: {
  credits: number;
  signature: string;
  info: CreditsOn;
  onAgain: () => void;
}) {
  const t = useTranslations();
  return (
    <section className="panel p-5 sm:p-6" aria-label={t("money.payment.name")}>
      <h2 className="mt-0! flex items-center gap-3 text-xl">
        <CircleCheck size={24} aria-hidden="true" className="shrink-0 text-good" />
        {t("money.payment.added", { credits })}
      </h2>
      <p role="status" className="mt-2 text-soft">
        {t("money.payment.confirmed")}
      </p>
      <Transaction signature={signature} info={info} />
      <button type="button" className="button button-quiet mt-4" onClick={onAgain}>
        {t("money.payment.again")}
      </button>
    </section>
  );
}

/** The payment as the chain knows it, for whoever wants to look it up. */
function Transaction({ signature, info }: { signature: string; info: CreditsOn }) {
  const t = useTranslations();
  const href = explorerUrl(info.explorer, signature);
  return (
    <p className="mt-3 text-sm text-soft">
      {href ? (
        <a
          href={href}
          target="_blank"
          rel="noreferrer"
          className="text-link inline-flex min-h-11 items-center"
        >
          {t("money.payment.explorer")}
          <span className="sr-only"> {t("money.newTab")}</span>
        </a>
      ) : (
        t.rich("money.payment.transaction", {
          signature,
          code: (text) => (
            <code dir="ltr" className="break-all">
              {text}
            </code>
          ),
        })
      )}
    </p>
  );
}
