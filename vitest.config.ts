import { defineConfig } from "vitest/config";
import { reporters } from "./tooling/reporters.ts";

export default defineConfig({
  test: {
    include: [
      "packages/*/{src,lib,hooks,components}/**/*.test.{ts,tsx}",
      "programs/**/*.test.ts",
      "tooling/**/*.test.ts",
    ],
    exclude: ["**/*.e2e.test.ts", "**/node_modules/**"],
    testTimeout: 20_000,
    hookTimeout: 60_000, // some start a service, on machines that do other work too
    maxWorkers: 2,
    reporters: reporters(),
  },
});
