import { z } from "zod";
import { RPC, RpcError } from "./errors.ts";
import type { Faults } from "./faults.ts";
import { Key, type Method, method } from "./params.ts";

const LAMPORTS = 1_000_000_000;
const MAX_SOL = 10_000;
const MAX_USDC = 1_000_000;
const MAX_WARP = 100_000_000;

const Count = z.int().min(1).max(10_000).default(1);
const Millis = z.int().min(0).max(600_000);
const Slots = z.int().min(0).max(10_000);
const Name = z.string().max(100);
const Failure = z.union([
  z.object({ status: z.int().min(400).max(599) }),
  z.object({ code: z.int(), message: z.string().max(500).optional(), data: z.unknown().optional() }),
]);
const FaultCall = z.union([
  z.tuple([z.literal("dropNext"), Name, Count.optional()]),
  z.tuple([z.literal("delayNext"), Name, Millis, Count.optional()]),
  z.tuple([z.literal("fail"), Name, Failure, Count.optional()]),
  z.tuple([z.literal("loseNext"), Count.optional()]),
  z.tuple([z.literal("holdNext"), Slots, Count.optional()]),
  z.tuple([z.literal("lag"), Slots, Slots.optional()]),
  z.tuple([z.enum(["stopTime", "startTime", "clear"])]),
]);

/** What a localnet can do and no real node does: money, time and faults, for people with curl and for tests in other processes. */
export function ownMethods({
  give,
  faults,
  warp,
}: {
  give: (address: string, money: { sol?: number; usdc?: number }) => string;
  faults: Faults;
  warp: (slots: number) => void;
}): Record<string, Method> {
  const gave = (address: string, money: { sol?: number; usdc?: number }) => {
    try {
      return give(address, money);
    } catch (error) {
      throw new RpcError(RPC.internal, `The faucet gave nothing: ${(error as Error).message}`);
    }
  };
  return {
    requestAirdrop: method(
      z.tuple([
        Key,
        z
          .int()
          .positive()
          .max(MAX_SOL * LAMPORTS),
        z.unknown().optional(),
      ]),
      ([address, lamports]) => gave(address, { sol: lamports / LAMPORTS }),
    ),
    /** `[address, { sol, usdc }]`: whole coins, fractions too. Without amounts: 1 SOL and 10 USDC. */
    kk_faucet: method(
      z.tuple([
        Key,
        z
          .object({
            sol: z.number().min(0).max(MAX_SOL).default(0),
            usdc: z.number().min(0).max(MAX_USDC).default(0),
          })
          .default({ sol: 1, usdc: 10 }),
      ]),
      ([address, money]) => ({ signature: gave(address, money) }),
    ),
    /** `[slots]` */
    kk_warp: method(z.tuple([z.int().min(1).max(MAX_WARP)]), ([slots]) => {
      warp(slots);
      return "ok";
    }),
    /** `["dropNext", "sendTransaction", 1]`: the name of a switch, then what it takes. */
    kk_fault: method(FaultCall, (call) => {
      switch (call[0]) {
        case "dropNext":
          faults.dropNext(call[1], call[2]);
          break;
        case "delayNext":
          faults.delayNext(call[1], call[2], call[3]);
          break;
        case "fail":
          faults.fail(call[1], call[2] as Parameters<Faults["fail"]>[1], call[3]);
          break;
        case "loseNext":
          faults.loseNext(call[1]);
          break;
        case "holdNext":
          faults.holdNext(call[1], call[2]);
          break;
        case "lag":
          faults.lag(call[1], call[2]);
          break;
        default:
          faults[call[0]]();
      }
      return "ok";
    }),
  };
}
