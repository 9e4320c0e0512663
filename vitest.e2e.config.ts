import { defineConfig } from "vitest/config";
import { reporters } from "./tooling/reporters.ts";

/** Each keeps both cores busy by itself, or measures. */
const ALONE = [
  "packages/worker/src/media/hostile-long.e2e.test.ts",
  "packages/web/e2e/lighthouse.e2e.test.ts",
  "tooling/bench/**/*.e2e.test.ts",
];

export default defineConfig({
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: reporters(),
    projects: [
      {
        extends: true,
        test: { name: "alone", include: ALONE, maxWorkers: 1, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: "together",
          include: ["packages/**/*.e2e.test.ts", "tooling/**/*.e2e.test.ts"],
          exclude: ["**/node_modules/**", ...ALONE],
          maxWorkers: 2, // servers that are away, workers that are killed: half of the time goes by waiting
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
