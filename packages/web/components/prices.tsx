"use client";
import { CREDIT_UNIT, GENERATE_CREDITS, UNLOCK_CREDITS } from "@kangklip/contract";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useCredits } from "../hooks/use-credits.ts";
import { chainName, usdcText } from "../lib/credit-text.ts";
import { Banner } from "./banner.tsx";

/** What things cost: here where credits are on, else wherever they are. */
export function Prices() {
  const t = useTranslations();
  const { info } = useCredits();
  if (info)
    return (
      <>
        <h2 className="mt-0!">{t("money.pricing.here")}</h2>
        <p>
          {info.chain === "mainnet"
            ? t("money.pricing.unit", { price: usdcText(t, info.credit_unit) })
            : t("money.pricing.unitOn", {
                price: usdcText(t, info.credit_unit),
                chain: chainName(t, info.chain),
              })}
        </p>
        <PriceTable unit={info.credit_unit} generate={info.generate_credits} unlock={info.unlock_credits} />
        <p className="mt-6">{t("money.pricing.rules")}</p>
        {info.paused && (
          <div className="mt-6">
            <Banner>{t("money.pricing.paused")}</Banner>
          </div>
        )}
        <p className="mt-6">
          <Link href="/topup" className="button button-main">
            {t("money.pricing.yours")}
          </Link>
        </p>
      </>
    );
  return (
    <>
      <h2>{t("money.pricing.without")}</h2>
      <p>{t("money.pricing.nothing")}</p>
      <h2>{t("money.pricing.with")}</h2>
      <p>{t("money.pricing.operator", { price: usdcText(t, CREDIT_UNIT) })}</p>
      <PriceTable unit={CREDIT_UNIT} generate={GENERATE_CREDITS} unlock={UNLOCK_CREDITS} />
      <p className="mt-6">
        {t.rich("money.pricing.seeHere", {
          link: (text) => (
            <Link href="/topup" className="text-link">
              {text}
            </Link>
          ),
        })}
      </p>
    </>
  );
}

/** @param unit base units of USDC for one credit; the others are credits */
function PriceTable({ unit, generate, unlock }: { unit: number; generate: number; unlock: number }) {
  const t = useTranslations();
  const rows = [
    [t("money.pricing.making"), generate],
    [t("money.pricing.unlocking"), unlock],
  ] as const;
  return (
    <table className="mt-6 w-full border-collapse">
      <thead>
        <tr className="border-b border-line-strong">
          <th scope="col" className="py-3 text-start pe-4 font-medium">
            {t("money.pricing.what")}
          </th>
          <th scope="col" className="py-3 text-start pe-4 font-medium">
            {t("money.pricing.credits")}
          </th>
          <th scope="col" className="py-3 text-start font-medium">
            {t("money.pricing.price")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([what, credits]) => (
          <tr key={what} className="border-b border-line">
            <th scope="row" className="py-3 text-start pe-4 font-normal">
              {what}
            </th>
            <td className="py-3 pe-4 tabular-nums">{credits}</td>
            <td className="py-3 whitespace-nowrap tabular-nums">
              {credits === 0 ? t("money.pricing.free") : usdcText(t, credits * unit)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
