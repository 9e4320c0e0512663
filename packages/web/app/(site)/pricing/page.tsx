import { CREDIT_UNIT, GENERATE_CREDITS, UNLOCK_CREDITS } from "@kangklip/contract";
import type { Metadata } from "next";
import Link from "next/link";
import { Prose } from "../../../components/prose.tsx";

export const metadata: Metadata = { title: "Pricing" };

/** USDC has six decimals. */
const dollars = (credits: number) => `${((credits * CREDIT_UNIT) / 1_000_000).toFixed(2)} USDC`;
const PRICES = [
  ["Making a job's clips", GENERATE_CREDITS],
  ["Unlocking one clip", UNLOCK_CREDITS],
] as const;

export default function PricingPage() {
  return (
    <Prose
      title="Pricing"
      lead="Free where credits are off, which is how KangKlip comes. Credits are for whoever runs it for others."
    >
      <h2>Without credits</h2>
      <p>
        Nothing is counted and every clip is unlocked. What it costs is the electricity of the machine it runs
        on.
      </p>
      <h2>With credits</h2>
      <p>
        One credit is {dollars(1)}. The operator of an installation decides whether credits are on; then these
        prices hold.
      </p>
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
          {PRICES.map(([what, credits]) => (
            <tr key={what} className="border-b border-line">
              <th scope="row" className="py-3 pr-4 font-normal">
                {what}
              </th>
              <td className="py-3 pr-4 tabular-nums">{credits}</td>
              <td className="py-3 tabular-nums">{dollars(credits)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="mt-6">
        A job that fails keeps no fee. Whether credits are on here is told on the{" "}
        <Link href="/topup" className="text-link">
          credits page
        </Link>
        .
      </p>
    </Prose>
  );
}
