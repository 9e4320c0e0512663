// the players that are on the page: one of them plays at a time, and the keys of the page are for the one that played last

export interface Player {
  /** The clip's file, where it has one: by it other parts of the page find the player. */
  name: string | undefined;
  video: HTMLVideoElement;
}

const players = new Set<Player>();
const listeners = new Set<() => void>();
let current: Player | null = null;

function setCurrent(next: Player | null) {
  if (current === next) return;
  current = next;
  for (const listener of listeners) listener();
}

/** Adds a player, and gives the way to take it away again. */
export function addPlayer(player: Player): () => void {
  players.add(player);
  return () => {
    players.delete(player);
    if (current === player) setCurrent(null);
  };
}

/** This one is the page's from now on; all others stop. */
export function takeOver(player: Player): void {
  for (const other of players) if (other !== player) other.video.pause();
  setCurrent(player);
}

/** The keys of the page are for this video's player from now on, also before it plays. */
export function makeCurrent(video: HTMLVideoElement): void {
  setCurrent([...players].find((player) => player.video === video) ?? current);
}

/** The one that played last, or null. */
export const currentPlayer = (): Player | null => current;

/** Calls back when another player is the page's; gives the way to stop that. */
export function onCurrentPlayer(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

/** Plays a clip from here on and brings it into view. @param seconds of the clip; false where no such player is on the page */
export function playAt(name: string, seconds: number): boolean {
  const player = [...players].find((one) => one.name === name);
  if (!player) return false;
  player.video.currentTime = seconds;
  player.video.scrollIntoView({ block: "nearest" });
  player.video.play().catch(() => {}); // the browser may want a click first
  return true;
}
