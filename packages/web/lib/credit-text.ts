import type { Chain, JobView } from "@kangklip/contract";
import type { Translate } from "../i18n/translate.ts";

const USDC_UNITS = 1_000_000; // six decimals
const LAMPORTS = 1_000_000_000;

/** "1 credit", "12 credits". Pure. */
export const creditsText = (t: Translate, credits: number): string => t("money.credits", { credits });

/** What making a job takes of its wallet, and how that stands: "2 credits, being taken". Pure. */
export function feeText(t: Translate, { credits, state }: NonNullable<JobView["fee"]>): string {
  switch (state) {
    case "DUE":
    case "SENDING":
      return t("money.fee.taking", { credits });
    case "CHARGED":
      return creditsText(t, credits);
    case "REFUSED":
      return t("money.fee.refused");
    case "REFUNDING":
      return t("money.fee.refunding", { credits });
    case "REFUNDED":
      return t("money.fee.refunded", { credits });
  }
}

/** Base units of USDC as people read them, whole to the cent or as fine as needed: "0.50 USDC", "0.125 USDC". Pure. */
export const usdcText = (t: Translate, baseUnits: number): string =>
  t("money.usdc", { amount: baseUnits / USDC_UNITS });

/** Lamports as SOL, rounded up to four digits after the point: what one is told to get must be enough. Pure. */
export const solText = (t: Translate, lamports: number): string =>
  t("money.sol", { amount: Math.ceil((lamports / LAMPORTS) * 10_000) / 10_000 });

/** An address so short that its ends can be compared: "7xKX…9f2a". Pure. */
export const shortAddress = (address: string): string =>
  address.length > 10 ? `${address.slice(0, 4)}…${address.slice(-4)}` : address;

/** A chain as wallets name it. Pure. */
export const chainId = (chain: Chain) => `solana:${chain}` as const;

/** A chain as people name it. Pure. */
export const chainName = (t: Translate, chain: Chain): string => t(`money.chain.${chain}`);

/** How many credits a text of the form's asks for; null where it is no whole number from 1 to `max`. Pure. */
export function creditsOf(text: string, max: number): number | null {
  if (!/^\d{1,9}$/.test(text.trim())) return null;
  const credits = Number(text);
  return credits >= 1 && credits <= max ? credits : null;
}

/** Where to go back to after a top-up, of the pages that send people there; null: nowhere. Pure. */
export function returnPath(path: string | null | undefined): string | null {
  const known = /^\/(generate-clips(\?url=[^#\s\\]*)?|jobs\/kk_[0-9A-HJKMNP-TV-Z]{26}(#clip-[1-5])?)$/;
  return path && known.test(path) ? path : null;
}

/** The page that sells credits, and knows the way back. Pure. */
export const topupHref = (back: string): string => `/topup?return=${encodeURIComponent(back)}`;

/** Where the chain's explorer shows a transaction; null where there is none, or its address is no web address. Pure. */
export function explorerUrl(template: string | null, signature: string): string | null {
  const address = template?.replace("{signature}", signature) ?? "";
  return /^https:\/\//.test(address) && URL.canParse(address) ? address : null;
}
