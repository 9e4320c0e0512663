import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/{src,lib,hooks,components}/**/*.test.{ts,tsx}", "tooling/**/*.test.ts"],
    exclude: ["**/*.e2e.test.ts", "**/node_modules/**"],
    testTimeout: 20_000,
    maxWorkers: 2,
  },
});
