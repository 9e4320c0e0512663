import { type RefObject, useEffect, useRef } from "react";
import { actionOf, keyPlaceOf, mayTake, type PlayerAction } from "../lib/player-keys.ts";
import { currentPlayer } from "../lib/players.ts";

const HOLDABLE: readonly PlayerAction["do"][] = ["seek", "frame", "speed"];

interface PlayerKeys {
  root: RefObject<HTMLElement | null>;
  video: HTMLVideoElement | null;
  /** Whether keys also count while the focus is elsewhere, for the player that played last. */
  pageKeys: boolean;
  act: (action: PlayerAction) => void;
}

/**
 * A player's keys: while the focus is within it, and for the one that played last wherever the focus is, as long as it is in sight and nothing
 * else has a use for the key.
 */
export function usePlayerKeys({ root, video, pageKeys, act }: PlayerKeys): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!video) return;
    function onKey(event: KeyboardEvent) {
      const target = event.target instanceof Element ? event.target : null;
      if (event.defaultPrevented || !root.current) return;
      const inside = root.current.contains(target);
      const isOurs = pageKeys && currentPlayer()?.video === video && isInSight(root.current) && !isAsking();
      if (!inside && !isOurs) return;
      if (!mayTake(keyPlaceOf(target, inside ? root.current : null), event)) return;
      const action = actionOf(event);
      if (!action) return;
      event.preventDefault();
      if (!event.repeat || HOLDABLE.includes(action.do)) latest.current(action);
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [root, video, pageKeys]);
}

const ASKING = '[role="dialog"], [role="alertdialog"], [role="menu"]';
/** Whether something lies open over the page. */
const isAsking = () => [...document.querySelectorAll(ASKING)].some((element) => element.checkVisibility());

function isInSight(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < window.innerHeight;
}
