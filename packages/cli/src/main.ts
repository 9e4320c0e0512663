#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { COMPILE_CACHE } from "../../../tooling/compile-cache.ts";

// This program and those that it starts find what Node made of their sources the last time; a folder that cannot be written is no error.
process.env.NODE_COMPILE_CACHE ??= COMPILE_CACHE;
enableCompileCache();

await import("./program.ts"); // after it: what is imported above is compiled before the first line runs
