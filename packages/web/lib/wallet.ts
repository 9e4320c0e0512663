import type { Challenge } from "@kangklip/contract";
import type {
  SolanaSignAndSendTransactionFeature,
  SolanaSignInFeature,
  SolanaSignMessageFeature,
  SolanaSignTransactionFeature,
} from "@solana/wallet-standard-features";
import { getWallets } from "@wallet-standard/app";
import type { IdentifierString, Wallet, WalletAccount } from "@wallet-standard/base";
import type {
  StandardConnectFeature,
  StandardDisconnectFeature,
  StandardEventsFeature,
} from "@wallet-standard/features";
import { toBase64 } from "./bytes.ts";
import { setSession } from "./session.ts";
import { WalletError, walletError } from "./wallet-error.ts";

// Loaded when somebody opens the wallet, and never before: nothing that the first page needs may import this.

/** Its key lies in the browser, so it is for a localnet alone: lib/demo-wallet.ts. */
export const DEMO_WALLET = "Demo wallet";

type Features = Partial<
  StandardConnectFeature &
    StandardDisconnectFeature &
    StandardEventsFeature &
    SolanaSignInFeature &
    SolanaSignMessageFeature &
    SolanaSignTransactionFeature &
    SolanaSignAndSendTransactionFeature
>;
const featuresOf = (wallet: Wallet) => wallet.features as Features;

export interface WalletChoice {
  wallet: Wallet;
  name: string;
  /** A data address; undefined where the wallet's icon is none. */
  icon: string | undefined;
  /** Why it cannot be used here; null: it can. */
  unfit: "wrong-network" | "unable" | null;
}

/** The wallets in this browser that know Solana, those that can be used on this chain first. @param chain as wallets name it, "solana:devnet" */
export function walletChoices(chain: IdentifierString): WalletChoice[] {
  return getWallets()
    .get()
    .filter((wallet) => wallet.chains.some((known) => known.startsWith("solana:")))
    .map((wallet) => ({
      wallet,
      name: wallet.name,
      icon: wallet.icon.startsWith("data:image/") ? wallet.icon : undefined,
      unfit: unfitness(wallet, chain),
    }))
    .sort((a, b) => Number(a.unfit !== null) - Number(b.unfit !== null));
}

function unfitness(wallet: Wallet, chain: IdentifierString): WalletChoice["unfit"] {
  const features = featuresOf(wallet);
  const signsIn = features["solana:signIn"] ?? features["solana:signMessage"];
  const pays = features["solana:signTransaction"] ?? features["solana:signAndSendTransaction"];
  if (!features["standard:connect"] || !signsIn || !pays) return "unable";
  return wallet.chains.includes(chain) ? null : "wrong-network";
}

/** Calls back when wallets come or go (extensions load late); gives the way to stop that. */
export function onWallets(changed: () => void): () => void {
  const { on } = getWallets();
  const stops = [on("register", changed), on("unregister", changed)];
  return () => {
    for (const stop of stops) stop();
  };
}

interface Connection {
  wallet: Wallet;
  account: WalletAccount;
  stop: () => void;
}
let connection: Connection | null = null;

/** The account that is connected, or null. */
export const connectedAccount = (): WalletAccount | null => connection?.account ?? null;

/** Asks the wallet for an account on the chain. From then on the session ends as soon as the wallet has another account. @throws WalletError */
export async function connect(wallet: Wallet, chain: IdentifierString): Promise<WalletAccount> {
  const feature = featuresOf(wallet)["standard:connect"];
  if (!feature) throw new WalletError("unable", wallet.name);
  try {
    const { accounts } = await feature.connect();
    const all = accounts.length > 0 ? accounts : wallet.accounts;
    if (all.length === 0) throw new WalletError("no-account", wallet.name);
    const account = all.find(({ chains }) => chains.includes(chain));
    if (!account) throw new WalletError("wrong-network", wallet.name);
    keepConnection(wallet, account);
    return account;
  } catch (error) {
    throw walletError(error, wallet.name);
  }
}

function keepConnection(wallet: Wallet, account: WalletAccount) {
  const before = connection;
  before?.stop();
  const stops = [
    featuresOf(wallet)["standard:events"]?.on("change", ({ accounts }) => {
      if (accounts && !accounts.some(({ address }) => address === account.address)) drop();
    }),
    getWallets().on("unregister", (...gone) => {
      if (gone.includes(wallet)) drop();
    }),
  ];
  const stop = () => {
    for (const one of stops) one?.();
  };
  connection = { wallet, account, stop };
  if (before && before.account.address !== account.address) setSession(null);
}

function drop() {
  connection?.stop();
  connection = null;
  setSession(null);
}

/** Leaves the wallet. The session ends here; ending it on the server is the caller's. */
export async function disconnect(): Promise<void> {
  const wallet = connection?.wallet;
  drop();
  const feature = wallet && featuresOf(wallet)["standard:disconnect"];
  await feature?.disconnect().catch(() => {}); // the page has let go of it either way
}

/**
 * Has the challenge signed by the account that is connected: by `solana:signIn` where the wallet has it, else as a plain message.
 * Gives the fields of `auth.verify` in base64. @throws WalletError
 */
export async function signIn(challenge: Challenge): Promise<{ signature: string; signed_message?: string }> {
  const { wallet, account } = connected(challenge.wallet_address);
  const features = featuresOf(wallet);
  try {
    const signer = features["solana:signIn"];
    if (signer) {
      const [output] = await signer.signIn(challenge.sign_in_input);
      if (!output) throw new WalletError("failed", wallet.name);
      if (output.account.address !== account.address) throw new WalletError("changed", wallet.name);
      return { signature: toBase64(output.signature), signed_message: toBase64(output.signedMessage) };
    }
    const message = new TextEncoder().encode(challenge.challenge);
    const [output] = (await features["solana:signMessage"]?.signMessage({ account, message })) ?? [];
    if (!output) throw new WalletError("unable", wallet.name);
    return { signature: toBase64(output.signature) };
  } catch (error) {
    throw walletError(error, wallet.name);
  }
}

/** What a wallet made of a payment: signed bytes that are still to be sent, or the signature of what it has sent itself. */
export type SignedPayment = { transaction: Uint8Array } | { signature: Uint8Array };

/**
 * Has a payment signed. Wallets that can only sign and send at once do that.
 * @param payer the address that must sign @throws WalletError
 */
export async function signPayment(
  transaction: Uint8Array,
  { payer, chain }: { payer: string; chain: IdentifierString },
): Promise<SignedPayment> {
  const { wallet, account } = connected(payer);
  const features = featuresOf(wallet);
  try {
    const signer = features["solana:signTransaction"];
    if (signer) {
      const [output] = await signer.signTransaction({ account, chain, transaction });
      if (output) return { transaction: output.signedTransaction };
    }
    const sender = features["solana:signAndSendTransaction"];
    const [output] = (await sender?.signAndSendTransaction({ account, chain, transaction })) ?? [];
    if (output) return { signature: output.signature };
    throw new WalletError("unable", wallet.name);
  } catch (error) {
    throw walletError(error, wallet.name);
  }
}

function connected(address: string): Connection {
  if (!connection) throw new WalletError("no-account", "The wallet");
  if (connection.account.address !== address) throw new WalletError("changed", connection.wallet.name);
  return connection;
}
