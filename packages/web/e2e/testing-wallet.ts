import type { Page } from "playwright-core";

/** How a wallet of a test behaves. Keys are given with their addresses, so that it shares nothing with the page's own code. */
export interface TestWallet {
  name: string;
  chains: string[];
  /** Of its accounts, where they are not those of the wallet. */
  accountChains?: string[];
  /** Signs payments for the page to send, or sends them itself; some wallets can do the latter alone. */
  pays: "signs" | "sends";
  /** Whether it has `solana:signIn`; else it signs the challenge as a plain message. */
  signsIn: boolean;
  keys: { address: string; seed: number[] }[];
  /** Says no to: */
  refuses?: "connect" | "sign-in" | "payment";
}

/** What a test can do with the wallet once the page is open. */
export interface TestWalletHandle {
  /** The person switches to the account of this number. */
  switchTo(index: number): void;
  refuses: TestWallet["refuses"] | undefined;
  /** Whether it leaves whoever asks without an answer, as a window does that nobody looks at. */
  silent: boolean;
  /** What it was asked, in order: "connect", "sign-in", "message", "payment". */
  asked: string[];
}

/**
 * Puts a wallet into every page of the tab, as an extension would: before the page's own scripts, by the events of the wallet standard.
 * @param send has signed bytes (base64) sent and gives the signature (base64), as the extension's own process would
 */
export async function addTestWallet(
  page: Page,
  wallet: TestWallet,
  send?: (transaction: string) => Promise<string>,
) {
  if (send) await page.exposeFunction("testWalletSends", send);
  await page.addInitScript(install, wallet);
}

/** Runs in the page, so nothing from outside is in reach. */
function install(given: TestWallet) {
  const reach = window as unknown as Window & {
    testWallet: TestWalletHandle;
    testWalletSends: (transaction: string) => Promise<string>;
  };
  const PKCS8 = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ];
  const importKey = (seed: number[]) =>
    crypto.subtle.importKey("pkcs8", Uint8Array.from([...PKCS8, ...seed]), "Ed25519", true, ["sign"]);
  const handle: TestWalletHandle = {
    asked: [],
    refuses: given.refuses,
    silent: false,
    switchTo(index) {
      at = index;
      if (accounts.length > 0) void allow();
    },
  };
  reach.testWallet = handle;
  let at = 0;
  let accounts: { address: string; publicKey: Uint8Array; chains: string[]; features: string[] }[] = [];
  const listeners = new Set<(change: object) => void>();
  const names = [
    given.signsIn ? "solana:signIn" : "solana:signMessage",
    given.pays === "signs" ? "solana:signTransaction" : "solana:signAndSendTransaction",
  ];

  async function answer(what: string, refusal: TestWallet["refuses"]) {
    handle.asked.push(what);
    if (handle.silent) await new Promise(() => {});
    // what Phantom throws
    if (handle.refuses === refusal)
      throw Object.assign(new Error("User rejected the request."), { code: 4001 });
  }
  async function allow() {
    const key = given.keys[at];
    if (!key) throw new Error("The wallet is locked");
    const { x = "" } = await crypto.subtle.exportKey("jwk", await importKey(key.seed));
    const text = atob(x.replaceAll("-", "+").replaceAll("_", "/"));
    const publicKey = Uint8Array.from(text, (one) => one.charCodeAt(0));
    accounts = [
      { address: key.address, publicKey, chains: given.accountChains ?? given.chains, features: names },
    ];
    for (const listener of listeners) listener({ accounts });
    return { accounts };
  }
  async function sign(message: Uint8Array) {
    const key = await importKey(given.keys[at]?.seed ?? []);
    return new Uint8Array(await crypto.subtle.sign("Ed25519", key, Uint8Array.from(message)));
  }
  async function signed(transaction: Uint8Array) {
    const bytes = Uint8Array.from(transaction); // one signer, so one signature, at the front
    if (bytes[0] !== 1) throw new Error("This wallet signs alone");
    bytes.set(await sign(bytes.subarray(65)), 1);
    return bytes;
  }

  const all: Record<string, object> = {
    "solana:signIn": {
      version: "1.0.0",
      async signIn(input: Record<string, string>) {
        await answer("sign-in", "sign-in");
        if (input.domain !== location.host) throw new Error(`${input.domain} is not this page`);
        const text = [
          `${input.domain} wants you to sign in with your Solana account:`,
          input.address,
          "",
          input.statement,
          "",
          `URI: ${input.uri}`,
          `Version: ${input.version}`,
          `Chain ID: ${input.chainId}`,
          `Nonce: ${input.nonce}`,
          `Issued At: ${input.issuedAt}`,
          `Expiration Time: ${input.expirationTime}`,
        ].join("\n");
        const signedMessage = new TextEncoder().encode(text);
        return [{ account: accounts[0], signedMessage, signature: await sign(signedMessage) }];
      },
    },
    "solana:signMessage": {
      version: "1.1.0",
      async signMessage({ message }: { message: Uint8Array }) {
        await answer("message", "sign-in");
        return [{ signedMessage: message, signature: await sign(message) }];
      },
    },
    "solana:signTransaction": {
      version: "1.0.0",
      supportedTransactionVersions: ["legacy", 0],
      async signTransaction({ transaction }: { transaction: Uint8Array }) {
        await answer("payment", "payment");
        return [{ signedTransaction: await signed(transaction) }];
      },
    },
    "solana:signAndSendTransaction": {
      version: "1.0.0",
      supportedTransactionVersions: ["legacy", 0],
      async signAndSendTransaction({ transaction }: { transaction: Uint8Array }) {
        await answer("payment", "payment");
        const bytes = await signed(transaction);
        const signature = atob(await reach.testWalletSends(btoa(String.fromCharCode(...bytes))));
        return [{ signature: Uint8Array.from(signature, (one) => one.charCodeAt(0)) }];
      },
    },
  };
  const features: Record<string, object> = {
    "standard:connect": {
      version: "1.0.0",
      async connect() {
        await answer("connect", "connect");
        return allow();
      },
    },
    "standard:disconnect": {
      version: "1.0.0",
      async disconnect() {
        accounts = [];
        for (const listener of listeners) listener({ accounts });
      },
    },
    "standard:events": {
      version: "1.0.0",
      on(_event: string, listener: (change: object) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
  for (const name of names) features[name] = all[name] ?? {};
  const wallet = {
    version: "1.0.0",
    name: given.name,
    icon: "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCA4IDgiPjxjaXJjbGUgY3g9IjQiIGN5PSI0IiByPSI0IiBmaWxsPSIjN2E4ZmVmIi8+PC9zdmc+",
    chains: given.chains,
    features,
    get accounts() {
      return accounts;
    },
  };
  const register = (api: { register: (wallet: object) => void }) => api.register(wallet);
  window.dispatchEvent(new CustomEvent("wallet-standard:register-wallet", { detail: register }));
  window.addEventListener("wallet-standard:app-ready", (event) => register((event as CustomEvent).detail));
}
