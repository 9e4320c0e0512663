import type { builder as en } from "../en/builder.ts";

export const builder: typeof en = {};
