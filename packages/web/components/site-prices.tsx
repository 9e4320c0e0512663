import { CREDIT_UNIT, GENERATE_CREDITS, UNLOCK_CREDITS } from "@kangklip/contract";
import Link from "next/link";
import { useTranslations } from "next-intl";

/** Base units in one USDC. */
const USDC = 1_000_000;

/** What it costs, wherever it costs anything: the first prices, as the contract has them. */
export function SitePrices() {
  const t = useTranslations();
  const usdc = (credits: number) => `${((credits * CREDIT_UNIT) / USDC).toFixed(2)} USDC`;
  const rows = [
    { what: t("site.price.own"), price: t("site.price.ownPrice"), text: t("site.price.ownText") },
    {
      what: t("site.price.unlock"),
      price: t("site.price.unlockPrice", { credits: UNLOCK_CREDITS, price: usdc(UNLOCK_CREDITS) }),
      text: t("site.price.unlockText"),
    },
    {
      what: t("site.price.make"),
      price: t("site.price.makePrice", { credits: GENERATE_CREDITS, price: usdc(GENERATE_CREDITS) }),
      text: t("site.price.makeText"),
    },
  ];
  return (
    <section aria-labelledby="price" className="page pt-20 sm:pt-28">
      <div className="grid gap-x-16 gap-y-8 lg:grid-cols-[1fr_2fr]">
        <div>
          <h2 id="price" className="text-3xl sm:text-4xl">
            {t("site.price.title")}
          </h2>
          <p className="mt-4 text-soft">{t("site.price.text")}</p>
          <p className="mt-2">
            <Link href="/pricing" className="text-link inline-flex min-h-11 items-center">
              {t("site.price.link")}
            </Link>
          </p>
        </div>
        <dl className="border-t border-line">
          {rows.map(({ what, price, text }) => (
            <div
              key={what}
              className="grid gap-x-8 gap-y-1 border-b border-line py-5 sm:grid-cols-[1fr_auto] sm:items-baseline"
            >
              <dt className="text-lg font-medium">{what}</dt>
              <dd className="text-2xl font-semibold tracking-tight sm:text-end">{price}</dd>
              <dd className="text-soft sm:col-span-2">{text}</dd>
            </div>
          ))}
        </dl>
      </div>
    </section>
  );
}
