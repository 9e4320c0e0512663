import { configDefaults, defineConfig } from "vitest/config";
import { reporters } from "./tooling/reporters.ts";

/** Fifty kills within a minute: not while others want the cores. */
const ALONE = ["tooling/chaos/kill.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000, // some start a service, on machines that do other work too
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
          include: [
            "packages/*/{src,lib,hooks,components,messages,i18n}/**/*.test.{ts,tsx}",
            "programs/**/*.test.ts",
            "tooling/**/*.test.ts",
          ],
          exclude: [...configDefaults.exclude, ...ALONE, "**/*.e2e.test.ts"],
          maxWorkers: 3, // on two cores: a third of the time goes by waiting
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
