import { useSyncExternalStore } from "react";
import { onPlayerWishes, type PlayerWishes, playerWishes, usualWishes } from "../lib/player-memory.ts";

/** How somebody likes to watch, the same for all players; changed by `wishPlayer`. */
export const usePlayerWishes = (): PlayerWishes =>
  useSyncExternalStore(onPlayerWishes, playerWishes, usualWishes);
