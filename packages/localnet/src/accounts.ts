import { zstdCompressSync } from "node:zlib";
import bs58 from "bs58";
import type { Account, Chain, Commitment } from "./chain.ts";

export const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
export const TOKEN_2022_PROGRAM = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
const TOKEN_ACCOUNT_BYTES = 165;
const MINT_BYTES = 82;
const STATES = ["uninitialized", "initialized", "frozen"];
/** An account of today's clusters pays no rent: this is what they say of it (the largest u64, as JSON numbers are read). */
const RENT_EPOCH = 2 ** 64;

export type Encoding = "base58" | "base64" | "base64+zstd" | "jsonParsed";
export interface Slice {
  offset: number;
  length: number;
}

const keyAt = (data: Uint8Array, offset: number) => bs58.encode(data.subarray(offset, offset + 32));
const u64At = (data: Uint8Array, offset: number) => Buffer.from(data).readBigUInt64LE(offset);
const isToken = ({ programAddress }: Account) =>
  programAddress === TOKEN_PROGRAM || programAddress === TOKEN_2022_PROGRAM;
export const isTokenAccount = (account: Account) =>
  isToken(account) &&
  account.data.length >= TOKEN_ACCOUNT_BYTES &&
  (account.data.length === TOKEN_ACCOUNT_BYTES || account.data[TOKEN_ACCOUNT_BYTES] === 2);
export const isMint = (account: Account) =>
  isToken(account) && account.data.length === MINT_BYTES && account.data[45] === 1;

export const tokenOwner = ({ data }: Account) => keyAt(data, 32);
export const tokenMint = ({ data }: Account) => keyAt(data, 0);

export interface UiAmount {
  amount: string;
  decimals: number;
  uiAmount: number;
  uiAmountString: string;
}

function uiAmount(amount: bigint, decimals: number): UiAmount {
  const digits = String(amount).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const text = decimals > 0 && part ? `${whole}.${part}` : whole;
  return { amount: String(amount), decimals, uiAmount: Number(text), uiAmountString: text };
}

const decimalsOf = (chain: Chain, mint: string, commitment: Commitment) =>
  chain.account(mint, commitment)?.data[44] ?? 0;

export const tokenAmount = (chain: Chain, { data }: Account, commitment: Commitment): UiAmount =>
  uiAmount(u64At(data, 64), decimalsOf(chain, keyAt(data, 0), commitment));

export const mintSupply = ({ data }: Account): UiAmount => uiAmount(u64At(data, 36), data[44] ?? 0);

/** The token accounts among the keys of a transaction, with what they hold now. */
export const tokenBalances = (chain: Chain, keys: string[]) =>
  keys.flatMap((key, accountIndex) => {
    const account = chain.account(key, "processed");
    if (!account || !isTokenAccount(account)) return [];
    return [
      {
        accountIndex,
        mint: tokenMint(account),
        owner: tokenOwner(account),
        programId: account.programAddress,
        uiTokenAmount: tokenAmount(chain, account, "processed"),
      },
    ];
  });

/** An account as JSON-RPC tells it. */
export function accountJson(
  chain: Chain,
  account: Account | null,
  { encoding, slice, commitment }: { encoding: Encoding; slice?: Slice | undefined; commitment: Commitment },
) {
  if (!account) return null;
  return {
    lamports: Number(account.lamports),
    owner: account.programAddress,
    executable: account.executable,
    rentEpoch: RENT_EPOCH,
    space: account.data.length,
    data:
      (encoding === "jsonParsed" && parsed(chain, account, commitment)) ||
      encoded(
        slice ? account.data.subarray(slice.offset, slice.offset + slice.length) : account.data,
        encoding,
      ),
  };
}

function encoded(data: Uint8Array, encoding: Encoding): [string, string] {
  if (encoding === "base58") return [bs58.encode(data), "base58"];
  if (encoding === "base64+zstd") return [zstdCompressSync(data).toString("base64"), encoding];
  return [Buffer.from(data).toString("base64"), "base64"]; // what cannot be parsed comes as base64
}

/** Token accounts and mints of the two token programs: what wallets read in words. */
function parsed(chain: Chain, account: Account, commitment: Commitment) {
  const { data } = account;
  const program = account.programAddress === TOKEN_PROGRAM ? "spl-token" : "spl-token-2022";
  const space = data.length;
  if (isTokenAccount(account)) {
    const isDelegated = data[72] === 1;
    const decimals = decimalsOf(chain, keyAt(data, 0), commitment);
    const info = {
      mint: tokenMint(account),
      owner: tokenOwner(account),
      state: STATES[data[108] ?? 0],
      isNative: data[109] === 1,
      tokenAmount: tokenAmount(chain, account, commitment),
      ...(isDelegated && {
        delegate: keyAt(data, 76),
        delegatedAmount: uiAmount(u64At(data, 121), decimals),
      }),
    };
    return { program, space, parsed: { type: "account", info } };
  }
  if (!isMint(account)) return undefined;
  const info = {
    decimals: data[44],
    freezeAuthority: data[46] === 1 ? keyAt(data, 50) : null,
    isInitialized: true,
    mintAuthority: data[0] === 1 ? keyAt(data, 4) : null,
    supply: String(u64At(data, 36)),
  };
  return { program, space, parsed: { type: "mint", info } };
}
