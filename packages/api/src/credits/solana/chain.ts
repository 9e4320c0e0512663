import type { Chain } from "@kangklip/contract";

/** Hashes of the first blocks: a chain cannot have another one's. */
const GENESIS: Record<string, Chain> = {
  "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d": "mainnet",
  EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG: "devnet",
  "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY": "testnet",
};

/** Every chain that is none of the public ones is somebody's localnet. */
export const chainOf = (genesisHash: string): Chain => GENESIS[genesisHash] ?? "localnet";
