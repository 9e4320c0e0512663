import { fileURLToPath } from "node:url";

/** Where Node keeps what it makes of the sources (NODE_COMPILE_CACHE): beside the packages, with which it goes. */
export const COMPILE_CACHE = fileURLToPath(
  new URL("../node_modules/.cache/kangklip-compiled", import.meta.url),
);
