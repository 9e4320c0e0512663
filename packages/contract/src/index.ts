export * from "./artifacts.ts";
export * from "./auth.ts";
export * from "./clips.ts";
export * from "./credits.ts";
export * from "./errors.ts";
export * from "./job.ts";
export * from "./source-url.ts";
export * from "./worker.ts";
