import bs58 from "bs58";
import { z } from "zod";
import {
  accountJson,
  type Encoding,
  isMint,
  isTokenAccount,
  mintSupply,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  tokenAmount,
  tokenMint,
  tokenOwner,
} from "./accounts.ts";
import type { Account, Chain, Commitment } from "./chain.ts";
import { RPC, RpcError } from "./errors.ts";
import {
  AccountConfig,
  Context,
  type Filters,
  Key,
  type Method,
  method,
  ProgramConfig,
  seenAt,
  withContext,
} from "./params.ts";

/** The longest data that is told in base58, which is slow. */
const MAX_BASE58_BYTES = 128;

/** What is asked about accounts. */
export function accountMethods(chain: Chain): Record<string, Method> {
  const toJson = (
    account: Account | null,
    commitment: Commitment,
    config: z.output<typeof AccountConfig>,
    fallback: Encoding,
  ) => {
    const encoding = config?.encoding ?? fallback;
    const slice = config?.dataSlice ?? undefined;
    const told = slice ? Math.min(slice.length, account?.data.length ?? 0) : (account?.data.length ?? 0);
    if (encoding === "base58" && told > MAX_BASE58_BYTES)
      throw new RpcError(
        RPC.invalidRequest,
        `Encoded binary (base 58) data should be less than ${MAX_BASE58_BYTES} bytes, please use Base64 encoding.`,
      );
    return accountJson(chain, account, { encoding, slice, commitment });
  };
  const tokenAccounts = (
    filter: { mint: string } | { programId: string },
    config: z.output<typeof AccountConfig>,
    whose: (account: Account) => boolean,
  ) => {
    const commitment = seenAt(chain, config);
    if ("mint" in filter) {
      const mint = chain.account(filter.mint, commitment);
      if (!mint || !isMint(mint)) throw new RpcError(RPC.invalidParams, "Invalid param: could not find mint");
    }
    const programs = "programId" in filter ? [filter.programId] : [TOKEN_PROGRAM, TOKEN_2022_PROGRAM];
    const found = programs
      .flatMap((program) => chain.accountsOf(program, commitment))
      .filter((account) => isTokenAccount(account) && whose(account))
      .filter((account) => !("mint" in filter) || tokenMint(account) === filter.mint);
    return withContext(
      chain,
      commitment,
      found.map((account) => ({
        pubkey: account.address,
        account: toJson(account, commitment, config, "base64"),
      })),
    );
  };
  const OfToken = z.union([z.object({ mint: Key }), z.object({ programId: Key })]);
  const existing = (address: string, commitment: Commitment) => {
    const account = chain.account(address, commitment);
    if (!account) throw new RpcError(RPC.invalidParams, "Invalid param: could not find account");
    return account;
  };

  return {
    getBalance: method(z.tuple([Key, Context]), ([address, context]) => {
      const commitment = seenAt(chain, context);
      return withContext(chain, commitment, Number(chain.account(address, commitment)?.lamports ?? 0n));
    }),
    getAccountInfo: method(z.tuple([Key, AccountConfig]), ([address, config]) => {
      const commitment = seenAt(chain, config);
      const account = chain.account(address, commitment);
      return withContext(chain, commitment, toJson(account, commitment, config, "base58"));
    }),
    getMultipleAccounts: method(
      z.tuple([z.array(Key).max(100, "Too many inputs provided; max 100"), AccountConfig]),
      ([addresses, config]) => {
        const commitment = seenAt(chain, config);
        const told = addresses.map((address) =>
          toJson(chain.account(address, commitment), commitment, config, "base64"),
        );
        return withContext(chain, commitment, told);
      },
    ),
    getProgramAccounts: method(z.tuple([Key, ProgramConfig]), ([program, config]) => {
      const commitment = seenAt(chain, config);
      const told = chain
        .accountsOf(program, commitment)
        .filter((account) => passes(account, config?.filters ?? []))
        .map((account) => ({
          pubkey: account.address,
          account: toJson(account, commitment, config, "base64"),
        }));
      return config?.withContext ? withContext(chain, commitment, told) : told;
    }),
    getTokenAccountBalance: method(z.tuple([Key, Context]), ([address, context]) => {
      const commitment = seenAt(chain, context);
      const account = existing(address, commitment);
      if (!isTokenAccount(account))
        throw new RpcError(RPC.invalidParams, "Invalid param: not a Token account");
      return withContext(chain, commitment, tokenAmount(chain, account, commitment));
    }),
    getTokenSupply: method(z.tuple([Key, Context]), ([address, context]) => {
      const commitment = seenAt(chain, context);
      const account = existing(address, commitment);
      if (!isMint(account)) throw new RpcError(RPC.invalidParams, "Invalid param: not a Token mint");
      return withContext(chain, commitment, mintSupply(account));
    }),
    getTokenAccountsByOwner: method(z.tuple([Key, OfToken, AccountConfig]), ([owner, filter, config]) =>
      tokenAccounts(filter, config, (account) => tokenOwner(account) === owner),
    ),
    getTokenAccountsByDelegate: method(z.tuple([Key, OfToken, AccountConfig]), ([delegate, filter, config]) =>
      tokenAccounts(
        filter,
        config,
        ({ data }) => data[72] === 1 && bs58.encode(data.subarray(76, 108)) === delegate,
      ),
    ),
  };
}

/** @throws RpcError where a filter's bytes are not of its encoding */
export function passes(account: Account, filters: z.output<typeof Filters>): boolean {
  return filters.every((filter) => {
    if ("dataSize" in filter) return account.data.length === filter.dataSize;
    const { offset, bytes, encoding } = filter.memcmp;
    const wanted =
      typeof bytes !== "string"
        ? Uint8Array.from(bytes)
        : encoding === "base64"
          ? Buffer.from(bytes, "base64")
          : bs58.decodeUnsafe(bytes);
    if (!wanted || wanted.length > 128)
      throw new RpcError(RPC.invalidParams, "Invalid param: the bytes of a memcmp filter");
    return Buffer.compare(account.data.subarray(offset, offset + wanted.length), wanted) === 0;
  });
}
