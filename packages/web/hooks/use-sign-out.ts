import { useState } from "react";
import { loadWallet } from "../lib/load-wallet.ts";
import { rememberWallet, setSession } from "../lib/session.ts";
import { trpc } from "../lib/trpc.ts";

/** Ends the session on the server and leaves the wallet. What the server does not hear of ends by itself within a day. */
export function useSignOut() {
  const { mutateAsync: logout } = trpc.auth.logout.useMutation();
  const [signingOut, setSigningOut] = useState(false);
  async function signOut() {
    setSigningOut(true);
    await logout({}).catch(() => {});
    rememberWallet(null);
    setSession(null);
    const { disconnect } = await loadWallet();
    await disconnect();
    setSigningOut(false);
  }
  return { signOut, signingOut };
}
