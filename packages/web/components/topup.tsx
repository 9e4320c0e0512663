"use client";
import { MAX_TOPUP_CREDITS } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { type FormEvent, useId, useState } from "react";
import { useFocus } from "../hooks/use-focus.ts";
import { useTopup } from "../hooks/use-topup.ts";
import { creditsOf, solText, usdcText } from "../lib/credit-text.ts";
import type { Session } from "../lib/session.ts";
import type { CreditsOn } from "./connect-wallet.tsx";
import { Focused } from "./focused.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { TopupConfirmed, TopupPending } from "./topup-end.tsx";
import { TopupLack } from "./topup-lack.tsx";

const USUAL = "5";
/** More than a signature and its priority cost today, in lamports. */
const FEE_CEILING = 1_000_000;
/** The rent of the account that holds a wallet's credits, in lamports, rounded up. */
const ACCOUNT_RENT = 1_400_000;

/** Buying credits: how many, what they cost, and then how the payment goes. */
export function Topup({ session, info }: { session: Session; info: CreditsOn }) {
  const t = useTranslations();
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
          <ProblemCard title={t("money.topup.failed")} problem={topup.problem} />
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
  const t = useTranslations();
  const inputId = useId();
  const credits = creditsOf(text, MAX_TOPUP_CREDITS);
  const [left, setLeft] = useState(false);
  const wrong = left && credits === null;
  const busy = step === "preparing" || step === "signing";
  const cost = credits === null ? null : usdcText(t, credits * info.credit_unit);
  const stepBy = (by: number) =>
    onText(String(Math.min(MAX_TOPUP_CREDITS, Math.max(1, (credits ?? 0) + by))));
  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    setLeft(true);
    if (credits !== null && !busy) await onPay(credits);
  }
  return (
    <form
      onSubmit={onSubmit}
      noValidate
      className="panel flex flex-col gap-5 p-5 sm:p-6"
      aria-label={t("money.topup.name")}
    >
      <div>
        <label htmlFor={inputId} className="mb-2 block font-medium">
          {t("money.topup.amount")}
        </label>
        <div className="flex max-w-72 gap-2">
          <button
            type="button"
            className="button button-quiet w-13 shrink-0 px-0 text-xl"
            aria-label={t("money.topup.less")}
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
            aria-label={t("money.topup.more")}
            disabled={busy || (credits !== null && credits >= MAX_TOPUP_CREDITS)}
            onClick={() => stepBy(1)}
          >
            +
          </button>
        </div>
        {wrong && (
          <p id={`${inputId}-error`} role="alert" className="mt-2 text-bad">
            {t("money.topup.wrong", { max: MAX_TOPUP_CREDITS })}
          </p>
        )}
      </div>
      <dl
        id={`${inputId}-cost`}
        className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1 border-t border-line pt-4"
      >
        <dt className="text-soft">{t("money.topup.unit")}</dt>
        <dd className="text-end tabular-nums">{usdcText(t, info.credit_unit)}</dd>
        <dt className="text-soft">{t("money.topup.networkFee")}</dt>
        <dd className="text-end whitespace-nowrap tabular-nums">
          {t("money.topup.underFee", { sol: solText(t, FEE_CEILING) })}
        </dd>
        <dt className="font-medium">{t("money.topup.youPay")}</dt>
        <dd className="text-end text-lg font-semibold tabular-nums">{cost ?? "…"}</dd>
      </dl>
      <p className="text-sm text-soft">{t("money.topup.rent", { sol: solText(t, ACCOUNT_RENT) })}</p>
      {step === "signing" ? (
        <Signing cost={cost ?? ""} onCancel={onCancel} />
      ) : (
        <button
          type="submit"
          className="button button-main min-h-13 self-start px-8 text-lg max-sm:w-full"
          disabled={busy}
        >
          {busy
            ? t("money.topup.preparing")
            : cost
              ? t("money.topup.payPrice", { price: cost })
              : t("money.topup.pay")}
        </button>
      )}
    </form>
  );
}

/** While the wallet shows the payment. */
function Signing({ cost, onCancel }: { cost: string; onCancel: () => void }) {
  const t = useTranslations();
  const button = useFocus<HTMLButtonElement>();
  return (
    <div role="status" className="rounded-control bg-lit-soft p-4">
      <p className="font-medium">{t("money.topup.waiting")}</p>
      <p className="mt-1">{t("money.topup.look", { price: cost })}</p>
      <button ref={button} type="button" className="button button-quiet mt-3" onClick={onCancel}>
        {t("money.topup.stop")}
      </button>
    </div>
  );
}
