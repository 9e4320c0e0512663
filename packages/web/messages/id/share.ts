import type { share as en } from "../en/share.ts";

export const share: typeof en = {};
