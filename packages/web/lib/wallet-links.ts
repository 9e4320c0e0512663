/** Well-known wallets: where each comes from, and the address by which its app on a phone opens a page in its own browser. */
const WALLETS = [
  { name: "Phantom", get: "https://phantom.com/download", browse: "https://phantom.app/ul/browse/" },
  { name: "Solflare", get: "https://solflare.com/download", browse: "https://solflare.com/ul/v1/browse/" },
  { name: "Backpack", get: "https://backpack.app/download", browse: "https://backpack.app/ul/v1/browse/" },
] as const;

/**
 * Links to wallets. On a phone there are no extensions: there the wallet's app opens the page that sells credits. That link passes
 * through the wallet maker's server where the app is missing, so it never leads to a page whose address holds a secret. Pure.
 * `opens`: whether the link opens this page in the wallet, else it leads to where the wallet comes from.
 * @param origin of this page: only https can be opened from elsewhere
 */
export function walletLinks({ phone, origin }: { phone: boolean; origin: string }) {
  const opens = phone && origin.startsWith("https://");
  const [page, ref] = [`${origin}/topup`, origin].map(encodeURIComponent);
  return WALLETS.map(({ name, get, browse }) => ({
    name,
    opens,
    href: opens ? `${browse}${page}?ref=${ref}` : get,
  }));
}
