import { sign } from "node:crypto";
import { type Localnet, startLocalnet } from "@kangklip/localnet";
import { testWallet } from "@kangklip/localnet/testing";
import type { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import { startTestApi } from "./testing.ts";

export type CreditsApi = Awaited<ReturnType<typeof startCreditsApi>>;
type Options = NonNullable<Parameters<typeof startTestApi>[0]>;

/**
 * The whole API with credits on a chain of its own, on this machine. `await using` ends both.
 * @param options as `startTestApi`; `env` goes over the chain's settings
 */
export async function startCreditsApi(options: Options & { localnet?: Localnet } = {}) {
  const localnet = options.localnet ?? (await startLocalnet({ slotMs: 50 }));
  const api = await startTestApi({ ...options, env: { ...localnet.settings, ...options.env } });

  /** Signs a wallet in over REST. @returns its header */
  async function signIn(wallet: Keypair): Promise<{ "x-auth-token": string }> {
    const wallet_address = wallet.publicKey.toBase58();
    const asked = await api.rest("POST", "/api/auth/challenge", { wallet_address });
    if (asked.status !== 200) throw new Error(`${asked.status} ${JSON.stringify(asked.body)}`);
    const { nonce, challenge } = asked.body;
    const signature = signed(wallet, challenge);
    const verified = await api.rest("POST", "/api/auth/verify", { wallet_address, nonce, signature });
    if (verified.status !== 200) throw new Error(`${verified.status} ${JSON.stringify(verified.body)}`);
    return { "x-auth-token": verified.body.auth_token };
  }

  return {
    ...api,
    localnet,
    signIn,
    /** A wallet with some SOL and so much USDC, signed in. */
    async aWallet(seed: string, { sol = 0.1, usdc = 0 } = {}) {
      const wallet = testWallet(seed);
      const address = wallet.publicKey.toBase58();
      if (sol > 0 || usdc > 0) localnet.faucet(address, { sol, usdc });
      return { wallet, address, auth: await signIn(wallet) };
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      if (!options.localnet) await localnet.stop();
    },
  };
}

/** Settings that turn credits on where the chain is a port that a test puts in: nothing is asked at this address. */
export const SETTINGS_OF_NO_CHAIN = {
  SOLANA_RPC_URL: "http://127.0.0.1:9",
  USDC_MINT: testWallet("mint").publicKey.toBase58(),
  TREASURY_ADDRESS: testWallet("treasury").publicKey.toBase58(),
  CREDITS_PROGRAM_ID: testWallet("program").publicKey.toBase58(),
  SPENDER_KEYPAIR: JSON.stringify([...testWallet("spender").secretKey]),
};

/** RFC 8410: what stands before the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** What a wallet signs, as it hands it on: base58 of 64 bytes. */
export function signed(wallet: Keypair, message: string | Uint8Array): string {
  const seed = wallet.secretKey.subarray(0, 32);
  const key = { key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" } as const;
  return bs58.encode(sign(null, Buffer.from(message), { ...key }));
}
