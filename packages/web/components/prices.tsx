"use client";
import { CREDIT_UNIT, GENERATE_CREDITS, UNLOCK_CREDITS } from "@kangklip/contract";
import Link from "next/link";
import { useCredits } from "../hooks/use-credits.ts";
import { usdcText } from "../lib/credit-text.ts";
import { Banner } from "./banner.tsx";

/** What things cost: here where credits are on, else wherever they are. */
export function Prices() {
  const { info } = useCredits();
  if (info)
    return (
      <>
        <h2 className="mt-0!">What it costs here</h2>
        <p>
          One credit is {usdcText(info.credit_unit)}
          {info.chain === "mainnet" ? "" : `, on ${info.chain}: money for trying things out`}.
        </p>
        <PriceTable unit={info.credit_unit} generate={info.generate_credits} unlock={info.unlock_credits} />
        <p className="mt-6">
          A preview of every clip is free, so you see what you would pay for. A clip is paid for once and
          stays unlocked. A job that fails or is cancelled keeps no fee. Credits do not run out, and are not
          paid back.
        </p>
        {info.paused && (
          <div className="mt-6">
            <Banner>Top-ups are paused at present. Credits that are there can be spent.</Banner>
          </div>
        )}
        <p className="mt-6">
          <Link href="/topup" className="button button-main">
            Your credits
          </Link>
        </p>
      </>
    );
  return (
    <>
      <h2>Without credits</h2>
      <p>
        Nothing is counted and every clip is unlocked. What it costs is the electricity of the machine it runs
        on.
      </p>
      <h2>With credits</h2>
      <p>
        One credit is {usdcText(CREDIT_UNIT)}. The operator of an installation decides whether credits are on;
        then these prices hold.
      </p>
      <PriceTable unit={CREDIT_UNIT} generate={GENERATE_CREDITS} unlock={UNLOCK_CREDITS} />
      <p className="mt-6">
        A job that fails keeps no fee. Whether credits are on here is told on the{" "}
        <Link href="/topup" className="text-link">
          credits page
        </Link>
        .
      </p>
    </>
  );
}

/** @param unit base units of USDC for one credit; the others are credits */
function PriceTable({ unit, generate, unlock }: { unit: number; generate: number; unlock: number }) {
  const rows = [
    ["Making a job's clips", generate],
    ["Unlocking one clip", unlock],
  ] as const;
  return (
    <table className="mt-6 w-full border-collapse text-left">
      <thead>
        <tr className="border-b border-line-strong">
          <th scope="col" className="py-3 pr-4 font-medium">
            What
          </th>
          <th scope="col" className="py-3 pr-4 font-medium">
            Credits
          </th>
          <th scope="col" className="py-3 font-medium">
            Price
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([what, credits]) => (
          <tr key={what} className="border-b border-line">
            <th scope="row" className="py-3 pr-4 font-normal">
              {what}
            </th>
            <td className="py-3 pr-4 tabular-nums">{credits}</td>
            <td className="py-3 whitespace-nowrap tabular-nums">
              {credits === 0 ? "free" : usdcText(credits * unit)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
