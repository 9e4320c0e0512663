import { KangKlipError } from "@kangklip/contract";
import { PublicKey } from "@solana/web3.js";
import { addressOf } from "./program.ts";

/** A wallet's address, as a key. @throws KangKlipError INVALID_INPUT where nobody can hold such a key */
export function walletOf(wallet: string): PublicKey {
  const address = addressOf(wallet);
  if (address === undefined || !PublicKey.isOnCurve(address.toBytes()))
    throw new KangKlipError("INVALID_INPUT", "wallet_address is required");
  return address;
}

const MOST = 10_000;

/** Per wallet, the newest slot at which something happened to it that this process has seen. */
export function createFloors() {
  const floors = new Map<string, number>();
  return {
    of: (wallet: string) => floors.get(wallet),
    raise(wallet: string, slot: number): void {
      const floor = Math.max(slot, floors.get(wallet) ?? 0);
      floors.delete(wallet); // so that the oldest stands first
      floors.set(wallet, floor);
      for (const oldest of floors.keys()) {
        if (floors.size <= MOST) return;
        floors.delete(oldest);
      }
    },
  };
}
