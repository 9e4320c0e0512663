import type {
  SolanaSignInFeature,
  SolanaSignInInput,
  SolanaSignMessageFeature,
  SolanaSignTransactionFeature,
} from "@solana/wallet-standard-features";
import { getWallets } from "@wallet-standard/app";
import type { Wallet, WalletAccount } from "@wallet-standard/base";
import type {
  StandardConnectFeature,
  StandardDisconnectFeature,
  StandardEventsFeature,
  StandardEventsListeners,
} from "@wallet-standard/features";
import { base58 } from "./base58.ts";
import { fromBase64, toBase64 } from "./bytes.ts";
import { signInText, withSignature } from "./solana-bytes.ts";
import { DEMO_WALLET } from "./wallet.ts";
import { WalletError } from "./wallet-error.ts";

// A wallet whose key lies open in the browser's storage: for trying things out on a localnet, where money is play money.
// It knows no other chain, so no page can have it sign for one.

const KEPT = "kk:demo-wallet";
const SEED_BYTES = 32;
/** What stands before the 32 bytes of a key in PKCS #8 (RFC 8410). */
const PKCS8_ED25519 = Uint8Array.from(atob("MC4CAQAwBQYDK2VwBCIEIA=="), (one) => one.charCodeAt(0));
const CHAINS = ["solana:localnet"] as const;
const ICON =
  "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAzMiAzMiI+PHJlY3Qgd2lkdGg9IjMyIiBoZWlnaHQ9IjMyIiByeD0iOCIgZmlsbD0iI2Y1YjkyMSIvPjxwYXRoIGQ9Ik03IDEyaDE2YTIgMiAwIDAgMSAyIDJ2OGEyIDIgMCAwIDEtMiAySDlhMiAyIDAgMCAxLTItMnptMC0xYTIgMiAwIDAgMSAyLTJoMTIiIGZpbGw9Im5vbmUiIHN0cm9rZT0iIzFjMTUwMyIgc3Ryb2tlLXdpZHRoPSIyIi8+PGNpcmNsZSBjeD0iMjEiIGN5PSIxOCIgcj0iMS41IiBmaWxsPSIjMWMxNTAzIi8+PC9zdmc+";

type Features = StandardConnectFeature &
  StandardDisconnectFeature &
  StandardEventsFeature &
  SolanaSignInFeature &
  SolanaSignMessageFeature &
  SolanaSignTransactionFeature;

let registered: Wallet | null = null;

/**
 * Makes the demo wallet known to the page, once. Browsers sign only on https and on the machine itself; older ones do not know this kind
 * of key. @throws WalletError
 */
export async function registerDemoWallet(): Promise<Wallet> {
  try {
    registered ??= demoWallet(await keyOf(keptSeed()));
  } catch (cause) {
    throw new WalletError("no-keys", DEMO_WALLET, { cause });
  }
  getWallets().register(registered);
  return registered;
}

/** The same key on the next visit, or a new one for this visit alone where the browser keeps nothing. */
function keptSeed(): Uint8Array {
  try {
    const kept = window.localStorage.getItem(KEPT);
    if (kept) {
      const seed = fromBase64(kept);
      if (seed.length === SEED_BYTES) return seed;
    }
  } catch {
    // what is kept there is not ours; it is written anew
  }
  const seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES));
  try {
    window.localStorage.setItem(KEPT, toBase64(seed));
  } catch {
    // it lasts as long as the page
  }
  return seed;
}

interface Key {
  publicKey: Uint8Array;
  sign: (message: Uint8Array) => Promise<Uint8Array>;
}

async function keyOf(seed: Uint8Array): Promise<Key> {
  const pkcs8 = new Uint8Array([...PKCS8_ED25519, ...seed]);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x = "" } = await crypto.subtle.exportKey("jwk", key);
  return {
    publicKey: fromBase64(x.replaceAll("-", "+").replaceAll("_", "/")),
    sign: async (message) =>
      new Uint8Array(await crypto.subtle.sign("Ed25519", key, Uint8Array.from(message))),
  };
}

function demoWallet({ publicKey, sign }: Key): Wallet {
  const account: WalletAccount = {
    address: base58(publicKey),
    publicKey,
    chains: CHAINS,
    features: ["solana:signMessage", "solana:signTransaction", "solana:signIn"],
  };
  let accounts: readonly WalletAccount[] = [];
  const listeners = new Set<StandardEventsListeners["change"]>();
  function allow(next: readonly WalletAccount[]) {
    if (next.length === accounts.length) return;
    accounts = next;
    for (const listener of listeners) listener({ accounts });
  }
  const features: Features = {
    "standard:connect": {
      version: "1.0.0",
      connect: async () => {
        allow([account]);
        return { accounts };
      },
    },
    "standard:disconnect": { version: "1.0.0", disconnect: async () => allow([]) },
    "standard:events": {
      version: "1.0.0",
      on: (_event, listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    "solana:signMessage": {
      version: "1.1.0",
      signMessage: (...inputs) =>
        Promise.all(
          inputs.map(async ({ message }) => ({ signedMessage: message, signature: await sign(message) })),
        ),
    },
    "solana:signIn": {
      version: "1.0.0",
      signIn: (...inputs) =>
        Promise.all(
          inputs.map(async (input: SolanaSignInInput) => {
            allow([account]);
            const text = signInText(
              { ...input, domain: input.domain ?? window.location.host },
              account.address,
            );
            const signedMessage = new TextEncoder().encode(text);
            return { account, signedMessage, signature: await sign(signedMessage) };
          }),
        ),
    },
    "solana:signTransaction": {
      version: "1.0.0",
      supportedTransactionVersions: ["legacy", 0],
      signTransaction: (...inputs) =>
        Promise.all(
          inputs.map(async ({ transaction, chain }) => {
            if (chain !== undefined && chain !== CHAINS[0])
              throw new Error(`The demo wallet signs for ${CHAINS[0]} alone, not for ${chain}`);
            return { signedTransaction: await withSignature(transaction, publicKey, sign) };
          }),
        ),
    },
  };
  return {
    version: "1.0.0",
    name: DEMO_WALLET,
    icon: ICON,
    chains: CHAINS,
    features,
    get accounts() {
      return accounts;
    },
  };
}
