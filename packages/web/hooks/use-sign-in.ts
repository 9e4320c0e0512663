import type { Chain } from "@kangklip/contract";
import type { Wallet } from "@wallet-standard/base";
import { useEffect, useRef, useState } from "react";
import { chainId } from "../lib/credit-text.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import { rememberWallet, setSession } from "../lib/session.ts";
import { trpc } from "../lib/trpc.ts";
import {
  connect,
  connectedAccount,
  onWallets,
  signIn,
  type WalletChoice,
  walletChoices,
} from "../lib/wallet.ts";
import { WalletError } from "../lib/wallet-error.ts";

/** What the page waits for. */
export interface SignInStep {
  name: string;
  doing: "connecting" | "signing";
}

/** The wallets of this browser, and signing in with one of them. Comes with the wallet code: see lib/load-wallet.ts. */
export function useSignIn(chain: Chain) {
  const [choices, setChoices] = useState<WalletChoice[]>([]);
  useEffect(() => {
    const look = () => setChoices(walletChoices(chainId(chain)));
    look();
    return onWallets(look);
  }, [chain]);

  const { mutateAsync: challenge } = trpc.auth.challenge.useMutation();
  const { mutateAsync: verify } = trpc.auth.verify.useMutation();
  const [step, setStep] = useState<SignInStep | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const attempt = useRef(0); // a wallet may answer long after its person went another way
  useEffect(
    () => () => {
      attempt.current++;
    },
    [],
  );

  async function start(wallet: Wallet) {
    const mine = ++attempt.current;
    const over = () => attempt.current !== mine;
    setProblem(null);
    setStep({ name: wallet.name, doing: "connecting" });
    try {
      const { address } = await connect(wallet, chainId(chain));
      if (over()) return;
      setStep({ name: wallet.name, doing: "signing" });
      const asked = await challenge({ wallet_address: address });
      const signed = await signIn(asked);
      if (over()) return;
      const { auth_token } = await verify({ wallet_address: address, nonce: asked.nonce, ...signed });
      if (over()) return;
      if (connectedAccount()?.address !== address) throw new WalletError("changed", wallet.name);
      rememberWallet(wallet.name);
      setSession({ wallet: address, walletName: wallet.name, token: auth_token });
    } catch (error) {
      if (!over()) setProblem(problemOf(error));
    } finally {
      if (!over()) setStep(null);
    }
  }
  function cancel() {
    attempt.current++;
    setStep(null);
  }
  return { choices, step, problem, start, cancel };
}
