// `npm run test:browser [PART-OF-A-FILE'S-NAME…]`: the page in a headless Chromium, with the real API and worker behind it, three files at a time.
// A test that did not run has failed. The last line is "N passed, N failed".

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium } from "./browser.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const VITEST = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));
const COUNT = join(ROOT, "tooling/ci/count-tests.ts");
const FILES = "packages/web/e2e/";

if (!findChromium(process.env.CHROMIUM)) {
  console.error(
    "No Chromium was found, so nothing was tested. Install it (Debian, Ubuntu: `apt-get install chromium`) or set CHROMIUM to its program.",
  );
  console.log("0 passed, 1 failed");
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "kk-test-browser-"));
const [report, counts] = ["report.json", "counts"].map((name) => join(folder, name)) as [string, string];
const run = (args: string[]) =>
  spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: "inherit",
    env: {
      ...process.env,
      KK_TEST_REPORT: report,
      KK_TEST_VERBOSE: "1",
      WORKER_CACHE_DIR: process.env.WORKER_CACHE_DIR ?? join(folder, "cache"), // what one file had heard and rendered, the next one need not
    },
  }).status;
try {
  const only = process.argv.slice(2).map((name) => `${FILES}${name}`);
  const ran = run([VITEST, "run", "--config", "vitest.e2e.config.ts", ...(only.length > 0 ? only : [FILES])]);
  const counted = run([COUNT, report, counts]);
  console.log(lastLine());
  process.exitCode = ran === 0 && counted === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** "12 passed, 0 failed"; where not even a report came of it, that is the failure. */
function lastLine(): string {
  try {
    const [passed, failed] = readFileSync(counts, "utf8").trim().split(" ");
    return `${passed} passed, ${failed} failed`;
  } catch {
    return "0 passed, 1 failed";
  }
}
