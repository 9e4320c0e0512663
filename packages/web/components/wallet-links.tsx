"use client";
import { useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import { walletLinks } from "../lib/wallet-links.ts";

const PHONE = "(pointer: coarse) and (hover: none)";

/** Where to get a wallet, or on a phone how to open this page in one. Nothing is asked of anybody: these are links. */
export function WalletLinks() {
  const t = useTranslations();
  const [here, setHere] = useState({ phone: false, origin: "" });
  useEffect(() => setHere({ phone: matchMedia(PHONE).matches, origin: window.location.origin }), []);
  return (
    <p className="mt-1 flex flex-wrap gap-x-5">
      {walletLinks(here).map(({ name, opens, href }) => (
        <a
          key={href}
          href={href}
          target="_blank"
          rel="noreferrer"
          className="text-link inline-flex min-h-11 items-center"
        >
          <span dir="auto">{opens ? t("money.signIn.openIn", { name }) : name}</span>
          <span className="sr-only"> {t("money.newTab")}</span>
        </a>
      ))}
    </p>
  );
}
