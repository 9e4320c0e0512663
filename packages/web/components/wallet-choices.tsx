"use client";
import { Wallet } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useSignIn } from "../hooks/use-sign-in.ts";
import { chainName } from "../lib/credit-text.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import { rememberedWallet } from "../lib/session.ts";
import { DEMO_WALLET } from "../lib/wallet.ts";
import type { CreditsOn } from "./connect-wallet.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { WalletLinks } from "./wallet-links.tsx";
import { WalletWait } from "./wallet-wait.tsx";

/** The wallets of this browser, and where to get one. */
export function WalletChoices({ info }: { info: CreditsOn }) {
  const { choices, step, problem, start, cancel } = useSignIn(info.chain);
  const [demoProblem, setDemoProblem] = useState<Problem | null>(null);
  const others = choices.filter(({ name }) => name !== DEMO_WALLET);
  const fit = others.filter(({ unfit }) => unfit === null);
  const hasDemo = info.chain === "localnet";

  async function startDemo() {
    setDemoProblem(null);
    try {
      const { registerDemoWallet } = await import("../lib/demo-wallet.ts");
      await start(await registerDemoWallet());
    } catch (error) {
      setDemoProblem(problemOf(error));
    }
  }
  const again = useRef(() => {});
  again.current = () => {
    if (hasDemo && rememberedWallet() === DEMO_WALLET) void startDemo(); // it asks nobody, so neither do we
  };
  useEffect(() => again.current(), []);

  const failure = problem ?? demoProblem;
  if (step) return <WalletWait step={step} onCancel={cancel} />;
  return (
    <div className="flex flex-col gap-4">
      {failure && <ProblemCard problem={failure} />}
      {others.length > 0 && (
        <ul aria-label="Wallets in this browser" className="flex list-none! flex-col gap-2 p-0!">
          {others.map(({ wallet, name, icon, unfit }) => (
            <li key={name}>
              <button
                type="button"
                className="button button-quiet w-full justify-start! text-left!"
                disabled={unfit !== null}
                onClick={() => start(wallet)}
              >
                {/* biome-ignore lint/performance/noImgElement: it is in the page already, as a data address */}
                {icon && <img src={icon} alt="" width={24} height={24} className="size-6 shrink-0 rounded" />}
                <span className="min-w-0 break-words">
                  {name}
                  {unfit && (
                    <span className="block text-sm font-normal text-soft">
                      {unfit === "wrong-network"
                        ? `Does not know ${chainName(info.chain)}, where the credits are`
                        : "Cannot sign what is needed here"}
                    </span>
                  )}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {hasDemo && (
        <div>
          <button
            type="button"
            className="button button-quiet w-full justify-start! text-left!"
            onClick={startDemo}
          >
            <Wallet size={24} aria-hidden="true" className="shrink-0" /> Demo wallet (localnet only)
          </button>
          <p className="mt-2 text-sm text-soft">
            For trying things out, with test money. Its key lies open in this browser, so it is good for
            nothing else.
          </p>
        </div>
      )}
      {fit.length === 0 && (
        <div className="text-soft">
          <p>
            {others.length === 0
              ? "There is no Solana wallet in this browser."
              : `None of the wallets in this browser knows ${chainName(info.chain)}. Switch the network in the wallet's settings and reload this page, or use another one.`}{" "}
            Wallets are extensions of the browser, or a browser of their own on phones. These are well known:
          </p>
          <WalletLinks />
        </div>
      )}
    </div>
  );
}
