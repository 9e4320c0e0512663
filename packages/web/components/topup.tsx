"use client";
import { MAX_TOPUP_CREDITS } from "@kangklip/contract";
import { type FormEvent, useId, useState } from "react";
import { useFocus } from "../hooks/use-focus.ts";
import { useTopup } from "../hooks/use-topup.ts";
import { creditsOf, usdcText } from "../lib/credit-text.ts";
import type { Session } from "../lib/session.ts";
import type { CreditsOn } from "./connect-wallet.tsx";
import { Focused } from "./focused.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { TopupConfirmed, TopupPending } from "./topup-end.tsx";
import { TopupLack } from "./topup-lack.tsx";

const USUAL = "5";

/** Buying credits: how many, what they cost, and then how the payment goes. */
export function Topup({ session, info }: { session: Session; info: CreditsOn }) {
  const { topup, pay, reset } = useTopup(session, info.chain);
  const [text, setText] = useState(USUAL);
  if (topup.state === "pending")
    return (
      <Focused key="pending">
        <TopupPending pending={topup.pending} info={info} onLetGo={reset} />
      </Focused>
    );
  if (topup.state === "confirmed")
    return (
      <Focused key="confirmed">
        <TopupConfirmed credits={topup.credits} signature={topup.signature} info={info} onAgain={reset} />
      </Focused>
    );
  return (
    <>
      {topup.state === "failed" && (
        <Focused>
          <ProblemCard title="The top-up did not happen" problem={topup.problem} />
        </Focused>
      )}
      {topup.state === "lacking" && <TopupLack lack={topup.lack} wallet={session.wallet} info={info} />}
      {!info.paused && (
        <TopupForm
          text={text}
          onText={(next) => {
            setText(next);
            if (topup.state === "lacking" || topup.state === "failed") reset();
          }}
          info={info}
          step={topup.state}
          onPay={pay}
          onCancel={reset}
        />
      )}
    </>
  );
}

interface TopupFormProps {
  text: string;
  onText: (text: string) => void;
  info: CreditsOn;
  step: ReturnType<typeof useTopup>["topup"]["state"];
  onPay: (credits: number) => Promise<void>;
  onCancel: () => void;
}

function TopupForm({ text, onText, info, step, onPay, onCancel }: TopupFormProps) {
  const inputId = useId();
  const credits = creditsOf(text, MAX_TOPUP_CREDITS);
  const [left, setLeft] = useState(false);
  const wrong = left && credits === null;
  const busy = step === "preparing" || step === "signing";
  const cost = credits === null ? null : usdcText(credits * info.credit_unit);
  const stepBy = (by: number) =>
    onText(String(Math.min(MAX_TOPUP_CREDITS, Math.max(1, (credits ?? 0) + by))));
  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    setLeft(true);
    if (credits !== null && !busy) await onPay(credits);
  }
  return (
    <form onSubmit={onSubmit} noValidate className="panel flex flex-col gap-5 p-5 sm:p-6" aria-label="Top up">
      <div>
        <label htmlFor={inputId} className="mb-2 block font-medium">
          Credits to buy
        </label>
        <div className="flex max-w-72 gap-2">
          <button
            type="button"
            className="button button-quiet w-13 shrink-0 px-0 text-xl"
            aria-label="One less"
            disabled={busy || credits === null || credits <= 1}
            onClick={() => stepBy(-1)}
          >
            −
          </button>
          <input
            id={inputId}
            className="field text-center text-lg tabular-nums"
            inputMode="numeric"
            autoComplete="off"
            value={text}
            disabled={busy}
            aria-invalid={wrong}
            aria-describedby={wrong ? `${inputId}-error` : `${inputId}-cost`}
            onChange={(event) => onText(event.target.value)}
            onBlur={() => setLeft(true)}
          />
          <button
            type="button"
            className="button button-quiet w-13 shrink-0 px-0 text-xl"
            aria-label="One more"
            disabled={busy || (credits !== null && credits >= MAX_TOPUP_CREDITS)}
            onClick={() => stepBy(1)}
          >
            +
          </button>
        </div>
        {wrong && (
          <p id={`${inputId}-error`} role="alert" className="mt-2 text-bad">
            Give a whole number from 1 to {MAX_TOPUP_CREDITS.toLocaleString("en")}.
          </p>
        )}
      </div>
      <dl
        id={`${inputId}-cost`}
        className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1 border-t border-line pt-4"
      >
        <dt className="text-soft">One credit</dt>
        <dd className="text-right tabular-nums">{usdcText(info.credit_unit)}</dd>
        <dt className="text-soft">Network fee</dt>
        <dd className="text-right whitespace-nowrap tabular-nums">under 0.001 SOL</dd>
        <dt className="font-medium">You pay</dt>
        <dd className="text-right text-lg font-semibold tabular-nums">{cost ?? "…"}</dd>
      </dl>
      <p className="text-sm text-soft">
        A wallet's first top-up also pays about 0.0014 SOL, once, for the account that holds its credits.
        Credits do not run out, and are not paid back.
      </p>
      {step === "signing" ? (
        <Signing cost={cost ?? ""} onCancel={onCancel} />
      ) : (
        <button
          type="submit"
          className="button button-main min-h-13 self-start px-8 text-lg max-sm:w-full"
          disabled={busy}
        >
          {busy ? "Preparing the payment…" : cost ? `Pay ${cost}` : "Pay"}
        </button>
      )}
    </form>
  );
}

/** While the wallet shows the payment. */
function Signing({ cost, onCancel }: { cost: string; onCancel: () => void }) {
  const button = useFocus<HTMLButtonElement>();
  return (
    <div role="status" className="rounded-control bg-lit-soft p-4">
      <p className="font-medium">Waiting for your wallet</p>
      <p className="mt-1">Look at what it shows, and say yes there if it is right: {cost} for this.</p>
      <button ref={button} type="button" className="button button-quiet mt-3" onClick={onCancel}>
        Stop waiting
      </button>
    </div>
  );
}
