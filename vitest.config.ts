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

/** Words of a file that starts something, or changes what all modules of a process have in common. */
const NOT_PURE =
  /spawn|execFile|ffmpeg|createServer|listen\(|start[A-Z]\w*\(|\bvi\.(?!fn\b)|process\.(env|chdir|on|argv)|globalThis/;
/** Files with none of these words share a process: for them, loading the modules anew takes as long as the tests. */
const PURE = globSync(TESTS, { cwd: ROOT, exclude: LATER }).filter(
  (file) => !NOT_PURE.test(readFileSync(join(ROOT, file), "utf8")),
);

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000, // some start a service, on machines that do other work too
    maxWorkers: 3, // on two cores: a third of the time goes by waiting
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE }, // for the hundreds of programs that tests start
    reporters: reporters(),
    projects: [
      { extends: true, test: { name: "each", include: TESTS, exclude: [...LATER, ...PURE] } },
      { extends: true, test: { name: "pure", include: PURE, isolate: false } },
    ],
  },
});
