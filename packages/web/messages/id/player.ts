import type { player as en } from "../en/player.ts";

export const player: typeof en = {};
