/** What went wrong between page and wallet; the rest is the API's to say. */
export type WalletFailure =
  | "rejected" // the person said no
  | "wrong-network"
  | "unable" // the wallet cannot sign what is needed
  | "no-account"
  | "no-keys" // the browser cannot hold the demo wallet's key
  | "changed" // another account than the one that began
  | "failed";

interface Words {
  message: string;
  action: string;
}

const WORDS: Record<WalletFailure, (name: string) => Words> = {
  rejected: (name) => ({
    message: `You said no in ${name}`,
    action: "Nothing was signed and nothing was paid. Try again whenever you like.",
  }),
  "wrong-network": (name) => ({
    message: `${name} is on another network`,
    action: "Switch the network in the wallet's settings, or choose another wallet.",
  }),
  unable: (name) => ({
    message: `${name} cannot sign what is needed here`,
    action: "A hardware account may not be able to sign messages. Choose another account or another wallet.",
  }),
  "no-account": (name) => ({
    message: `${name} gave no account`,
    action: "Unlock the wallet, allow an account for this page, and try again.",
  }),
  "no-keys": (name) => ({
    message: `${name} does not work in this browser`,
    action: "Open this page over https or on the machine it runs on, in a browser of these days.",
  }),
  changed: (name) => ({
    message: `The account in ${name} is another one now`,
    action: "Sign in with the account that is to pay, and start again. Nothing was paid.",
  }),
  failed: (name) => ({
    message: `${name} did not do it`,
    action: "Open the wallet, see whether it waits for something, and try again. Nothing was paid.",
  }),
};

/** A failure between page and wallet, in words for the person who must act. */
export class WalletError extends Error {
  override readonly name = "WalletError";
  readonly failure: WalletFailure;
  readonly action: string;
  /** What the wallet is called. */
  readonly walletName: string;
  constructor(failure: WalletFailure, walletName: string, options?: ErrorOptions) {
    const { message, action } = WORDS[failure](walletName);
    super(message, options);
    this.failure = failure;
    this.action = action;
    this.walletName = walletName;
  }
}

/** EIP-1193's code for a person's no, which Solana wallets use as well. */
const USER_REJECTED = 4001;

/** What a wallet threw, told apart: wallets have no common words for a person's no. Pure. */
export function walletError(error: unknown, walletName: string): WalletError {
  if (error instanceof WalletError) return error;
  const said = (error ?? {}) as { code?: unknown; name?: unknown; message?: unknown };
  const no =
    said.code === USER_REJECTED ||
    /\b(reject|den(y|ied)|declin|cancel|disapprov|user closed|window closed)/i.test(
      `${said.name ?? ""} ${said.message ?? ""}`,
    );
  return new WalletError(no ? "rejected" : "failed", walletName, { cause: error });
}
