/** Who is signed in, for as long as the page lives: the token is kept nowhere, so nobody finds it in the browser's storage. */
export interface Session {
  /** The wallet's address, base58. */
  wallet: string;
  /** "Phantom" */
  walletName: string;
  token: string;
}

const REMEMBERED = "kk:wallet";
let session: Session | null = null;
const listeners = new Set<() => void>();

export const readSession = (): Session | null => session;

/** Begins, changes or (null) ends the session; whoever listens is told. */
export function setSession(next: Session | null): void {
  if (next?.token === session?.token) return;
  session = next;
  for (const listener of [...listeners]) listener();
}

/** Calls back whenever the session changes; gives the way to stop that. */
export function onSessionChange(changed: () => void): () => void {
  listeners.add(changed);
  return () => {
    listeners.delete(changed);
  };
}

/** The name of the wallet that this browser used last, or null. */
export function rememberedWallet(): string | null {
  try {
    return window.localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

/** Keeps (or with null forgets) which wallet to offer first; never a key or a token. */
export function rememberWallet(name: string | null): void {
  try {
    if (name === null) window.localStorage.removeItem(REMEMBERED);
    else window.localStorage.setItem(REMEMBERED, name);
  } catch {
    // it is chosen again next time
  }
}
