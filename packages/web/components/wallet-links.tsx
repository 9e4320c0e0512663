"use client";
import { useEffect, useState } from "react";
import { walletLinks } from "../lib/wallet-links.ts";

const PHONE = "(pointer: coarse) and (hover: none)";

/** Where to get a wallet, or on a phone how to open this page in one. Nothing is asked of anybody: these are links. */
export function WalletLinks() {
  const [here, setHere] = useState({ phone: false, origin: "" });
  useEffect(() => setHere({ phone: matchMedia(PHONE).matches, origin: window.location.origin }), []);
  return (
    <p className="mt-1 flex flex-wrap gap-x-5">
      {walletLinks(here).map(({ name, href }) => (
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
  );
}
