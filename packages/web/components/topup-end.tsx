"use client";
import { CircleCheck } from "lucide-react";
import { useNow } from "../hooks/use-now.ts";
import { creditsText, explorerUrl } from "../lib/credit-text.ts";
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
  const age = useNow(true) - pending.since;
  return (
    <section className="panel p-5 sm:p-6" aria-label="Your payment">
      <div role="status">
        <h2 className="mt-0! text-xl">Your payment is on its way</h2>
        <p className="mt-2 text-soft">
          {age > SLOW_MS
            ? "This takes longer than usual; the network may be busy. You may leave this page: the payment goes on without it, and is found again when you come back."
            : `${creditsText(pending.credits)} are yours as soon as the network has confirmed it, mostly within seconds.`}
        </p>
      </div>
      <div className="mt-4 h-1.5 overflow-hidden rounded-full bg-sunk" aria-hidden="true">
        <div className="h-full w-1/3 animate-[travel_1.4s_ease-in-out_infinite_alternate] rounded-full bg-lit" />
      </div>
      <Transaction signature={pending.signature} info={info} />
      {age > LET_GO_MS && (
        <div className="mt-4 border-t border-line pt-4">
          <p className="text-soft">
            After three minutes it will hardly land any more. Should it after all, its credits are yours all
            the same.
          </p>
          <button type="button" className="button button-quiet mt-3" onClick={onLetGo}>
            Stop waiting for it
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
  return (
    <section className="panel p-5 sm:p-6" aria-label="Your payment">
      <h2 className="mt-0! flex items-center gap-3 text-xl">
        <CircleCheck size={24} aria-hidden="true" className="shrink-0 text-good" />
        {creditsText(credits)} added
      </h2>
      <p role="status" className="mt-2 text-soft">
        The network has confirmed your payment.
      </p>
      <Transaction signature={signature} info={info} />
      <button type="button" className="button button-quiet mt-4" onClick={onAgain}>
        Buy more
      </button>
    </section>
  );
}

/** The payment as the chain knows it, for whoever wants to look it up. */
function Transaction({ signature, info }: { signature: string; info: CreditsOn }) {
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
          See the transaction in the explorer
          <span className="sr-only"> (opens in a new tab)</span>
        </a>
      ) : (
        <>
          Transaction <code className="break-all">{signature}</code>
        </>
      )}
    </p>
  );
}
