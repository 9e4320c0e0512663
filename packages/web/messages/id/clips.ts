import type { clips as en } from "../en/clips.ts";

export const clips: typeof en = {};
