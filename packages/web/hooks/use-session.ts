import { useSyncExternalStore } from "react";
import { onSessionChange, readSession, type Session } from "../lib/session.ts";

/** Who is signed in; null where nobody is. */
export const useSession = (): Session | null =>
  useSyncExternalStore(onSessionChange, readSession, () => null);
