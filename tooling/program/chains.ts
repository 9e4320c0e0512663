/** A public chain: its first block's hash, and the USDC that has a value or a faucet there. */
interface PublicChain {
  name: string;
  genesis: string;
  usdcMint?: string;
}

const CHAINS: PublicChain[] = [
  {
    name: "mainnet",
    genesis: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
    usdcMint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
  },
  {
    name: "devnet",
    genesis: "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
    usdcMint: "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU",
  },
  { name: "testnet", genesis: "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY" },
];

/** Every chain that is none of the public ones is somebody's localnet. */
export const chainOf = (genesis: string): Omit<PublicChain, "genesis"> =>
  CHAINS.find((chain) => chain.genesis === genesis) ?? { name: "localnet" };
