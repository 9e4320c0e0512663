import type { Chain, JobView } from "@kangklip/contract";

const USDC_UNITS = 1_000_000; // six decimals
const LAMPORTS = 1_000_000_000;

/** "1 credit", "12 credits". Pure. */
export const creditsText = (credits: number): string =>
  credits === 1 ? "1 credit" : `${credits.toLocaleString("en")} credits`;

/** What making a job takes of its wallet, and how that stands: "2 credits, being taken". Pure. */
export function feeText({ credits, state }: NonNullable<JobView["fee"]>): string {
  switch (state) {
    case "DUE":
    case "SENDING":
      return `${creditsText(credits)}, being taken`;
    case "CHARGED":
      return creditsText(credits);
    case "REFUSED":
      return "none taken";
    case "REFUNDING":
      return `${creditsText(credits)}, on the way back`;
    case "REFUNDED":
      return `${creditsText(credits)}, given back`;
  }
}

/** Base units of USDC as people read them, whole to the cent or as fine as needed: "0.50 USDC", "0.125 USDC". Pure. */
export function usdcText(baseUnits: number): string {
  const value = (baseUnits / USDC_UNITS).toLocaleString("en", {
    minimumFractionDigits: 2,
    maximumFractionDigits: 6,
  });
  return `${value} USDC`;
}

/** Lamports as SOL, rounded up to four digits after the point: what one is told to get must be enough. Pure. */
export function solText(lamports: number): string {
  const value = Math.ceil((lamports / LAMPORTS) * 10_000) / 10_000;
  return `${value.toLocaleString("en", { maximumFractionDigits: 4 })} SOL`;
}

/** An address so short that its ends can be compared: "7xKX…9f2a". Pure. */
export const shortAddress = (address: string): string =>
  address.length > 10 ? `${address.slice(0, 4)}…${address.slice(-4)}` : address;

/** A chain as wallets name it. Pure. */
export const chainId = (chain: Chain) => `solana:${chain}` as const;

/** A chain as people name it. Pure. */
export const chainName = (chain: Chain): string =>
  ({ localnet: "a localnet", devnet: "Solana devnet", testnet: "Solana testnet", mainnet: "Solana" })[chain];

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
