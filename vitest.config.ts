import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { COMPILE_CACHE } from "./tooling/compile-cache.ts";
import { reporters } from "./tooling/reporters.ts";

const ROOT = import.meta.dirname;
const TESTS = [
  "packages/*/{src,lib,hooks,components,messages,i18n}/**/*.test.{ts,tsx}",
  "programs/**/*.test.ts",
  "tooling/**/*.test.ts",
];
const LATER = [...configDefaults.exclude, "**/*.e2e.test.ts"];

/** Words of a file that changes, watches or measures what all modules of a process have in common, or whose client (web3.js) calls a server for ever after it is gone. */
const ALONE =
  /\bvi\.(?!fn\b)|process\.(env|chdir|on|argv|\w+Usage)|globalThis|hideFromChildren|watchConnections|testing-dials|"nock"|new Connection\(/;
/** Files with none of these words share a process: for many of them, loading the modules anew takes as long as the tests. */
const TOGETHER = globSync(TESTS, { cwd: ROOT, exclude: LATER }).filter(
  (file) => !ALONE.test(readFileSync(join(ROOT, file), "utf8")),
);

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000, // some start a service, on machines that do other work too
    maxWorkers: 3, // on two cores: a third of the time goes by waiting
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE }, // for the hundreds of programs that tests start
    reporters: reporters(),
    projects: [
      { extends: true, test: { name: "alone", include: TESTS, exclude: [...LATER, ...TOGETHER] } },
      { extends: true, test: { name: "together", include: TOGETHER, isolate: false } },
    ],
  },
});
