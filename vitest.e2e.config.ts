import { defineConfig } from "vitest/config";
import { reporters } from "./tooling/reporters.ts";

export default defineConfig({
  test: {
    include: ["packages/**/*.e2e.test.ts", "tooling/**/*.e2e.test.ts"],
    exclude: ["**/node_modules/**"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false, // each one keeps both cores busy and measures time
    reporters: reporters(),
  },
});
