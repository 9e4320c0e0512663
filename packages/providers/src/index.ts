export * from "./process.ts";
export * from "./provider.ts";
