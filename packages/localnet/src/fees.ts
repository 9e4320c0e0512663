import type { WireMessage } from "./wire.ts";

/** Lamports per signature, on every cluster. */
const PER_SIGNATURE = 5000;
const COMPUTE_BUDGET = "ComputeBudget111111111111111111111111111111";
const [SET_UNIT_LIMIT, SET_UNIT_PRICE] = [2, 3];
const UNITS_PER_INSTRUCTION = 200_000;
const MAX_UNITS = 1_400_000;
const MICRO = 1_000_000n;

/** What a transaction costs its payer, in lamports: its signatures, and the price it offers for its compute units. */
export function feeOf(message: WireMessage): number {
  const signatures = PER_SIGNATURE * message.header.signatures;
  if (message.config) return signatures + Number(message.config.priorityFee ?? 0n);
  let price = 0n;
  let limit: number | undefined;
  let others = 0;
  for (const { programIdIndex, data } of message.instructions) {
    if (message.keys[programIdIndex] !== COMPUTE_BUDGET) others++;
    else if (data[0] === SET_UNIT_LIMIT && data.length >= 5) limit = Buffer.from(data).readUInt32LE(1);
    else if (data[0] === SET_UNIT_PRICE && data.length >= 9) price = Buffer.from(data).readBigUInt64LE(1);
  }
  const units = BigInt(Math.min(limit ?? others * UNITS_PER_INSTRUCTION, MAX_UNITS));
  return signatures + Number((units * price + MICRO - 1n) / MICRO);
}
