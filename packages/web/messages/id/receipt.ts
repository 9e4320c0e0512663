import type { receipt as en } from "../en/receipt.ts";

export const receipt: typeof en = {};
