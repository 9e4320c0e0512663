"use client";
import { Wallet } from "lucide-react";
import { useTranslations } from "next-intl";
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
  const t = useTranslations();
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
        <ul aria-label={t("money.signIn.list")} className="flex list-none! flex-col gap-2 p-0!">
          {others.map(({ wallet, name, icon, unfit }) => (
            <li key={name}>
              <button
                type="button"
                className="button button-quiet w-full justify-start! text-start!"
                disabled={unfit !== null}
                onClick={() => start(wallet)}
              >
                {/* biome-ignore lint/performance/noImgElement: it is in the page already, as a data address */}
                {icon && <img src={icon} alt="" width={24} height={24} className="size-6 shrink-0 rounded" />}
                <span className="min-w-0 break-words">
                  <bdi>{name}</bdi>
                  {unfit && (
                    <span className="block text-sm font-normal text-soft">
                      {unfit === "wrong-network"
                        ? t("money.signIn.wrongNetwork", { chain: chainName(t, info.chain) })
                        : t("money.signIn.unable")}
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
            className="button button-quiet w-full justify-start! text-start!"
            onClick={startDemo}
          >
            <Wallet size={24} aria-hidden="true" className="shrink-0" /> {t("money.signIn.demo")}
          </button>
          <p className="mt-2 text-sm text-soft">{t("money.signIn.demoWhy")}</p>
        </div>
      )}
      {fit.length === 0 && (
        <div className="text-soft">
          <p>
            {others.length === 0
              ? t("money.signIn.none")
              : t("money.signIn.noneFits", { chain: chainName(t, info.chain) })}{" "}
            {t("money.signIn.where")}
          </p>
          <WalletLinks />
        </div>
      )}
    </div>
  );
}
