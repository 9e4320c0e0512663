"use client";
import { useTranslations } from "next-intl";
import { useCopy } from "../hooks/use-copy.ts";
import type { Lack } from "../hooks/use-topup.ts";
import { solText, usdcText } from "../lib/credit-text.ts";
import type { CreditsOn } from "./connect-wallet.tsx";

/** Where test money comes from on the public test chain. Links: nothing is asked of them. */
const DEVNET = [
  ["SOL", "faucet.solana.com"],
  ["USDC", "faucet.circle.com"],
] as const;

/** The wallet cannot pay yet: what it lacks and how it comes to it. Nothing was signed. */
export function TopupLack({ lack, wallet, info }: { lack: Lack; wallet: string; info: CreditsOn }) {
  const t = useTranslations();
  const { copied, copy } = useCopy();
  return (
    <div role="alert" className="rounded-panel border border-bad bg-bad-soft p-5 sm:p-6">
      <h2 className="mt-0! text-xl">{t("money.lack.title")}</h2>
      <ul className="mt-3">
        {lack.usdc > 0 && <li>{t("money.lack.usdc", { usdc: usdcText(t, lack.usdc) })}</li>}
        {lack.sol > 0 && <li>{t("money.lack.sol", { sol: solText(t, lack.sol) })}</li>}
      </ul>
      <p className="mt-3">{info.faucet ? t("money.lack.faucet") : t("money.lack.send")}</p>
      {info.chain === "devnet" && (
        <p className="mt-1 flex flex-wrap gap-x-5">
          {DEVNET.map(([coin, site]) => (
            <a
              key={site}
              href={`https://${site}`}
              target="_blank"
              rel="noreferrer"
              className="text-link inline-flex min-h-11 items-center"
            >
              {t("money.lack.from", { coin, site })}
              <span className="sr-only"> {t("money.newTab")}</span>
            </a>
          ))}
        </p>
      )}
      {!info.faucet && (
        <>
          <button type="button" className="button button-quiet mt-4" onClick={() => copy(wallet)}>
            {copied ? t("money.lack.copied") : t("money.lack.copy")}
          </button>
          <span role="status" className="sr-only">
            {copied ? t("money.lack.copiedStatus") : ""}
          </span>
        </>
      )}
    </div>
  );
}
