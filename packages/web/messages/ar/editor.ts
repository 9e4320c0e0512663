import type { editor as en } from "../en/editor.ts";

export const editor: typeof en = {};
