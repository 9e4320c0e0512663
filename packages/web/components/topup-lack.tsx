"use client";
import { useCopy } from "../hooks/use-copy.ts";
import type { Lack } from "../hooks/use-topup.ts";
import { solText, usdcText } from "../lib/credit-text.ts";
import type { CreditsOn } from "./connect-wallet.tsx";

/** Where test money comes from on the public test chain. Links: nothing is asked of them. */
const DEVNET = [
  ["SOL from faucet.solana.com", "https://faucet.solana.com"],
  ["USDC from faucet.circle.com", "https://faucet.circle.com"],
] as const;

/** The wallet cannot pay yet: what it lacks and how it comes to it. Nothing was signed. */
export function TopupLack({ lack, wallet, info }: { lack: Lack; wallet: string; info: CreditsOn }) {
  const { copied, copy } = useCopy();
  return (
    <div role="alert" className="rounded-panel border border-bad bg-bad-soft p-5 sm:p-6">
      <h2 className="mt-0! text-xl">Your wallet has too little for this</h2>
      <ul className="mt-3">
        {lack.usdc > 0 && <li>It lacks {usdcText(lack.usdc)} of the price.</li>}
        {lack.sol > 0 && <li>It lacks {solText(lack.sol)} for the network's fee.</li>}
      </ul>
      <p className="mt-3">
        {info.faucet
          ? "Press “Get test money” above, then pay."
          : "Send it to the address of your wallet, from an exchange or another wallet, then pay. Nothing was signed so far."}
      </p>
      {info.chain === "devnet" && (
        <p className="mt-1 flex flex-wrap gap-x-5">
          {DEVNET.map(([name, href]) => (
            <a
              key={href}
              href={href}
              target="_blank"
              rel="noreferrer"
              className="text-link inline-flex min-h-11 items-center"
            >
              {name}
              <span className="sr-only"> (opens in a new tab)</span>
            </a>
          ))}
        </p>
      )}
      {!info.faucet && (
        <>
          <button type="button" className="button button-quiet mt-4" onClick={() => copy(wallet)}>
            {copied ? "Copied" : "Copy the wallet's address"}
          </button>
          <span role="status" className="sr-only">
            {copied ? "The address is copied" : ""}
          </span>
        </>
      )}
    </div>
  );
}
