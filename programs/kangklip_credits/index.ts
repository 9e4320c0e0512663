import { fileURLToPath } from "node:url";
import { IDL } from "./idl.ts";

export { IDL };

/** The committed program (sBPF v3): what localnet runs and what `npm run deploy:program` sends. */
export const SO_FILE = fileURLToPath(new URL("artifact/kangklip_credits.so", import.meta.url));

/**
 * Where localnet puts the program. The key pair is the ed25519 key whose seed is sha256 of LOCALNET_SEED_TEXT, which
 * everybody can compute: never deploy under it anywhere else.
 */
export const LOCALNET_PROGRAM_ID = IDL.address;
export const LOCALNET_SEED_TEXT = "kangklip localnet program";

/** First seed of each PDA: Config `[CONFIG]`, UserCredit `[CREDIT, user]`, ConsumeReceipt `[RECEIPT, user, request_id]`. */
export const SEEDS = { CONFIG: "config", CREDIT: "credit", RECEIPT: "receipt" } as const;

/** Bytes of each account, the 8 of the discriminator included. */
export const SIZES = { Config: 178, UserCredit: 65, ConsumeReceipt: 90 } as const;

/** First eight bytes of each account's data. */
export const DISCRIMINATORS = {
  Config: IDL.accounts[0].discriminator,
  UserCredit: IDL.accounts[1].discriminator,
  ConsumeReceipt: IDL.accounts[2].discriminator,
} as const;

/** Most credits that one consume_credit may take. */
export const MAX_CONSUME = 10;

/** Slots (about a day) that must pass after a charge before its receipt may be closed. */
export const RECEIPT_MIN_AGE_SLOTS = 216_000;

/** Values of ConsumeReceipt.state. */
export const RECEIPT_STATE = { CHARGED: 1, REFUNDED: 2 } as const;

/** The program's own errors: name -> the number that a failed transaction carries. */
export const ERRORS = {
  InvalidAmount: 6000,
  InvalidMint: 6001,
  InvalidOwner: 6002,
  NotAMultipleOfPrice: 6003,
  Overflow: 6004,
  Unauthorized: 6005,
  InsufficientCredits: 6006,
  Paused: 6007,
  RequestMismatch: 6008,
  ReceiptTooYoung: 6009,
  BadState: 6010,
} as const;

/** Numbers below 6000 mean what they mean in Anchor; these are the ones that the program answers. */
export const FRAMEWORK_ERRORS = {
  InstructionFallbackNotFound: 101,
  InstructionDidNotDeserialize: 102,
  ConstraintMut: 2000,
  ConstraintSeeds: 2006,
  AccountDiscriminatorMismatch: 3002,
  AccountNotEnoughKeys: 3005,
  AccountOwnedByWrongProgram: 3007,
  InvalidProgramId: 3008,
  AccountNotSigner: 3010,
} as const;

type CamelName<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelName<Tail>>}`
  : S;

// What Anchor's own generator writes: names in camelCase, arrays mutable.
type CamelCase<T> = T extends object
  ? {
      -readonly [K in keyof T]: K extends "name" | "path"
        ? T[K] extends string
          ? Uncapitalize<CamelName<T[K]>>
          : never
        : CamelCase<T[K]>;
    }
  : T;

/** The IDL's type as Anchor's `Program<KangklipCredits>` wants it. */
export type KangklipCredits = CamelCase<typeof IDL> & { address: string };

/** The IDL of the program that is deployed at `programId` (base58), for `new Program(idlFor(programId), { connection })`. */
export function idlFor(programId: string): KangklipCredits {
  // Anchor turns the names into camelCase itself when it loads the value: the type tells what it will then be.
  return { ...structuredClone(IDL), address: programId } as unknown as KangklipCredits;
}
