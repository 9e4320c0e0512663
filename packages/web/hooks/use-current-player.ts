import { useSyncExternalStore } from "react";
import { currentPlayer, onCurrentPlayer, type Player } from "../lib/players.ts";

/** The player that played last; null until one does, and once it is gone. */
export const useCurrentPlayer = (): Player | null =>
  useSyncExternalStore(onCurrentPlayer, currentPlayer, () => null);
