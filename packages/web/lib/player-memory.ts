import { z } from "zod";

/** How somebody likes to watch; the same for all players. */
export const PlayerWishes = z.object({
  speed: z.number().min(0.5).max(2).catch(1),
  /** 0 to 1. */
  volume: z.number().min(0).max(1).catch(1),
  muted: z.boolean().catch(false),
  loop: z.boolean().catch(true),
  /** Shows captions where the picture has none of its own. */
  captions: z.boolean().catch(true),
  /** Whether keys also count while the player has not the focus. */
  pageKeys: z.boolean().catch(true),
});
export type PlayerWishes = z.infer<typeof PlayerWishes>;

const KEY = "kk:player";
const USUAL = PlayerWishes.parse({});
const listeners = new Set<() => void>();
let wishes: PlayerWishes | null = null;

/** What was wished for last, in this browser; what is not known is as usual. */
export function playerWishes(): PlayerWishes {
  if (wishes) return wishes;
  try {
    wishes = PlayerWishes.parse(JSON.parse(window.localStorage.getItem(KEY) ?? "{}"));
  } catch {
    wishes = USUAL;
  }
  return wishes;
}

/** Keeps wishes beside those there are, and tells all players. */
export function wishPlayer(part: Partial<PlayerWishes>): void {
  wishes = { ...playerWishes(), ...part };
  try {
    window.localStorage.setItem(KEY, JSON.stringify(wishes));
  } catch {
    // they last as long as the page
  }
  for (const listener of listeners) listener();
}

/** Calls back when something else is wished for, in this tab or another; gives the way to stop that. */
export function onPlayerWishes(changed: () => void): () => void {
  function onStorage({ key }: StorageEvent) {
    if (key !== KEY) return;
    wishes = null;
    changed();
  }
  listeners.add(changed);
  window.addEventListener("storage", onStorage);
  return () => {
    listeners.delete(changed);
    window.removeEventListener("storage", onStorage);
  };
}

/** What a page shows until it knows better. */
export const usualWishes = (): PlayerWishes => USUAL;
