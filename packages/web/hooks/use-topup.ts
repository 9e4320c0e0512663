import type { Chain } from "@kangklip/contract";
import { useEffect, useRef, useState } from "react";
import { base58 } from "../lib/base58.ts";
import { fromBase64, toBase64 } from "../lib/bytes.ts";
import { chainId } from "../lib/credit-text.ts";
import { followTopup, type TopupEnd } from "../lib/follow-topup.ts";
import { loadWallet } from "../lib/load-wallet.ts";
import {
  forgetPendingTopup,
  keepPendingTopup,
  type PendingTopup,
  readPendingTopup,
} from "../lib/pending-topup.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import type { Session } from "../lib/session.ts";
import { firstSignature } from "../lib/solana-bytes.ts";
import { trpc } from "../lib/trpc.ts";

const ASK_AGAIN_MS = 2000;

/** What a wallet lacks to pay: lamports and base units of USDC. */
export interface Lack {
  sol: number;
  usdc: number;
}

export type Topup =
  | { state: "idle" }
  | { state: "preparing" }
  | { state: "lacking"; lack: Lack }
  | { state: "signing" }
  | { state: "pending"; pending: PendingTopup; resumed: boolean }
  | { state: "confirmed"; credits: number; balance: number; signature: string }
  | { state: "failed"; problem: Problem; signature: string | null };

/** Buying credits with the wallet that is signed in. A payment that was under way when the page was left is taken up again by itself. */
export function useTopup(session: Session, chain: Chain) {
  const utils = trpc.useUtils();
  const { mutateAsync: askIntent } = trpc.credits.topupIntent.useMutation();
  const { mutateAsync: send } = trpc.credits.topupSend.useMutation();
  const { mutateAsync: confirm } = trpc.credits.topupConfirm.useMutation();
  const [topup, setTopup] = useState<Topup>({ state: "idle" });
  const { wallet } = session;

  useEffect(() => {
    const pending = readPendingTopup(wallet);
    setTopup(pending ? { state: "pending", pending, resumed: true } : { state: "idle" });
  }, [wallet]);

  const pending = topup.state === "pending" ? topup.pending : null;
  const resumed = topup.state === "pending" && topup.resumed;
  const latest = useRef({ send, confirm, utils });
  latest.current = { send, confirm, utils };
  useEffect(() => {
    if (!pending) return;
    const leaving = new AbortController();
    const api = latest.current;
    const end = (what: TopupEnd) => {
      if (leaving.signal.aborted) return;
      if (what.kind === "signed-out") return; // it stays kept, and goes on after the next sign-in
      forgetPendingTopup(pending.wallet);
      const { signature } = pending;
      setTopup(
        what.kind === "confirmed"
          ? { state: "confirmed", credits: what.credits, balance: what.balance, signature }
          : { state: "failed", problem: what.problem, signature },
      );
      void api.utils.credits.balance.invalidate();
    };
    followTopup(pending, {
      resumed,
      send: (transaction) => api.send({ transaction }),
      confirm: (signature) => api.confirm({ signature }),
      wait: () => pause(ASK_AGAIN_MS, leaving.signal),
    }).then(end, () => {}); // the page was left
    return () => leaving.abort();
  }, [pending, resumed]);

  const attempt = useRef(0); // a wallet may answer long after its person stopped waiting
  async function pay(credits: number) {
    const mine = ++attempt.current;
    setTopup({ state: "preparing" });
    try {
      const intent = await askIntent({ credits_to_buy: credits });
      if (intent.needs_sol > 0 || intent.needs_usdc > 0)
        return setTopup({ state: "lacking", lack: { sol: intent.needs_sol, usdc: intent.needs_usdc } });
      setTopup({ state: "signing" });
      const { signPayment } = await loadWallet();
      const signed = await signPayment(fromBase64(intent.transaction), {
        payer: wallet,
        chain: chainId(chain),
      });
      const unwanted = attempt.current !== mine;
      if (unwanted && "transaction" in signed) return; // it was not sent, so nothing happens
      const next: PendingTopup = {
        wallet,
        credits,
        signature: base58("signature" in signed ? signed.signature : firstSignature(signed.transaction)),
        transaction: "signature" in signed ? null : toBase64(signed.transaction),
        since: Date.now(),
      };
      keepPendingTopup(next); // before it is sent: whatever happens now, it is found again
      setTopup({ state: "pending", pending: next, resumed: false });
    } catch (error) {
      if (attempt.current !== mine) return;
      const problem = problemOf(error);
      setTopup({ state: "failed", problem, signature: null });
    }
  }
  /** Back to the form. A payment that is under way is no longer waited for; if it lands after all, its credits are there. */
  function reset() {
    attempt.current++;
    if (topup.state === "pending") forgetPendingTopup(wallet);
    setTopup({ state: "idle" });
  }
  return { topup, pay, reset };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
