import { configDefaults, defineConfig } from "vitest/config";
import { reporters } from "./tooling/reporters.ts";

export default defineConfig({
  test: {
    include: [
      "packages/*/{src,lib,hooks,components,messages,i18n}/**/*.test.{ts,tsx}",
      "programs/**/*.test.ts",
      "tooling/**/*.test.ts",
    ],
    exclude: [...configDefaults.exclude, "**/*.e2e.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000, // some start a service, on machines that do other work too
    maxWorkers: 3, // on two cores: a third of the time goes by waiting
    reporters: reporters(),
  },
});
