import { z } from "zod";
import type { Chain } from "./chain.ts";
import { RPC, RpcError } from "./errors.ts";
import { feeOf } from "./fees.ts";
import { GENESIS_HASH } from "./genesis.ts";
import { localnetKeys } from "./keys.ts";
import type { Ledger } from "./ledger.ts";
import {
  CommitmentName,
  Context,
  decodeText,
  Key,
  type Method,
  method,
  seenAt,
  VERSION,
  withContext,
} from "./params.ts";
import { decodeMessage } from "./wire.ts";

const SLOTS_PER_EPOCH = 432_000;
/** The longest data of an account. */
const MAX_DATA = 10 * 1024 * 1024;

/** What is asked about the chain itself. */
export function chainMethods(chain: Chain, ledger: Ledger): Record<string, Method> {
  const config = z.tuple([Context]);
  const at = (read: (commitment: ReturnType<typeof seenAt>) => unknown) =>
    method(config, ([context]) => read(seenAt(chain, context)));
  const leader = localnetKeys().admin.publicKey.toBase58();
  return {
    getHealth: () => "ok",
    getVersion: () => VERSION,
    getGenesisHash: () => GENESIS_HASH,
    getIdentity: () => ({ identity: leader }),
    getSlotLeader: () => leader,
    getFirstAvailableBlock: () => 0,
    minimumLedgerSlot: () => 0,
    getSlot: at((commitment) => chain.slotAt(commitment)),
    getBlockHeight: at((commitment) => chain.heightAt(commitment)),
    getTransactionCount: at(() => ledger.count()),
    getEpochInfo: at((commitment) => {
      const slot = chain.slotAt(commitment);
      return {
        absoluteSlot: slot,
        blockHeight: chain.heightAt(commitment),
        epoch: Math.floor(slot / SLOTS_PER_EPOCH),
        slotIndex: slot % SLOTS_PER_EPOCH,
        slotsInEpoch: SLOTS_PER_EPOCH,
        transactionCount: ledger.count(),
      };
    }),
    getEpochSchedule: () => ({
      slotsPerEpoch: SLOTS_PER_EPOCH,
      leaderScheduleSlotOffset: SLOTS_PER_EPOCH,
      warmup: false,
      firstNormalEpoch: 0,
      firstNormalSlot: 0,
    }),
    getLatestBlockhash: at((commitment) => withContext(chain, commitment, chain.latestBlockhash(commitment))),
    isBlockhashValid: method(z.tuple([Key, Context]), ([hash, context]) => {
      const commitment = seenAt(chain, context);
      return withContext(chain, commitment, chain.isBlockhashValid(hash, commitment));
    }),
    getBlockTime: method(z.tuple([z.int().nonnegative()]), ([slot]) => {
      const time = chain.blockTime(slot);
      if (time === null) throw new RpcError(-32004, `Block not available for slot ${slot}`);
      return time;
    }),
    getMinimumBalanceForRentExemption: method(
      z.tuple([z.int().nonnegative().max(MAX_DATA), z.unknown().optional()]),
      ([bytes]) => Number(chain.svm.minimumBalanceForRentExemption(BigInt(bytes))),
    ),
    getRecentPrioritizationFees: method(z.tuple([z.array(Key).max(128).nullish()]), () => [
      { slot: chain.slotAt("processed"), prioritizationFee: 0 },
    ]),
    getFeeForMessage: method(z.tuple([z.string(), Context]), ([text, context]) => {
      const commitment = seenAt(chain, context);
      const message = readMessage(text);
      const isValid = chain.isBlockhashValid(message.blockhash, commitment);
      return withContext(chain, commitment, isValid ? feeOf(message) : null);
    }),
    getRecentPerformanceSamples: () => [],
    getStakeMinimumDelegation: method(
      z.tuple([z.object({ commitment: CommitmentName.nullish() }).nullish()]),
      () => withContext(chain, "finalized", 1_000_000_000),
    ),
  };
}

function readMessage(text: string) {
  try {
    return decodeMessage(decodeText(text, "base64"));
  } catch (error) {
    throw new RpcError(RPC.invalidParams, `failed to deserialize message: ${(error as Error).message}`);
  }
}
