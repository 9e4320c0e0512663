// `npm run test:providers [NAME…]`: the conformance suite on every provider, against the real thing where one can run and against a stand-in with
// its rules where none can. Each test file starts what it needs. A check that did not run has failed.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Suite {
  name: string;
  against: string;
  file: string;
  config: string;
  /** What to do where it did not run. */
  needs?: string;
}

const UNIT = "vitest.config.ts";
const SUITES: Suite[] = [
  {
    name: "process",
    against: "real processes",
    file: "packages/providers/src/process.test.ts",
    config: UNIT,
    needs: "Linux or macOS",
  },
  {
    name: "docker",
    against: "a real engine of its own",
    file: "packages/providers/src/docker/docker.e2e.test.ts",
    config: "vitest.e2e.config.ts",
    needs:
      "Linux, root, and an engine to start: on Debian and Ubuntu `apt-get install --no-install-recommends docker.io` as root, then run this as root",
  },
  {
    name: "nosana",
    against: "the stand-in with the service's rules",
    file: "packages/providers/src/nosana/nosana.test.ts",
    config: UNIT,
  },
  {
    name: "attic",
    against: "the example of docs/write-a-provider.md",
    file: "packages/providers/src/attic.test.ts",
    config: UNIT,
  },
];

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VITEST = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));
const COUNT = join(ROOT, "tooling/ci/count-tests.ts");
const inOrder = (ids: string[]) => ids.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))).join(" ");
/** What the suite calls the checks of a provider. */
const CHECK = /does what every provider does (C\d+): /;

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`There is no provider ${unknown.join(", ")}: ${SUITES.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), "kk-providers-"));
try {
  const lines: string[] = [];
  for (const suite of SUITES)
    if (asked.length === 0 || asked.includes(suite.name)) lines.push(await outcomeOf(suite));
  console.log(`\n${lines.join("\n")}`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Runs a suite; says in one line how it went, and sets the exit code where it did not go well. */
async function outcomeOf({ name, against, file, config, needs }: Suite): Promise<string> {
  console.log(`\n${name}, against ${against}`);
  const [report, counts] = [join(dir, `${name}.json`), join(dir, name)];
  const ended = await run([VITEST, "run", "--config", config, file], { KK_TEST_REPORT: report });
  const counted = await run([COUNT, report, counts]);
  const [passed = 0, bad = 1] = textOf(counts).split(" ").map(Number);
  const all: { status: string; fullName: string }[] = JSON.parse(
    textOf(report) || '{"testResults":[]}',
  ).testResults.flatMap(({ assertionResults }: { assertionResults: object[] }) => assertionResults);
  const idsOf = (status: string) =>
    new Set(all.filter((each) => each.status === status).map(({ fullName }) => CHECK.exec(fullName)?.[1]));
  const checks = [...idsOf("passed")].filter((id) => id !== undefined);
  const good = ended === 0 && counted === 0 && checks.length > 0;
  if (good) return `${name}: good, ${passed} tests passed against ${against}: ${inOrder(checks)}`;
  process.exitCode = 1;
  const isSkipped = all.length > 0 && all.every(({ status }) => status !== "passed" && status !== "failed");
  if (isSkipped) return `${name}: NOT RUN${needs ? `. It needs ${needs}` : ""}`;
  return `${name}: FAILED, ${bad} of ${passed + bad} tests against ${against}`;
}

function run(args: string[], env: Record<string, string> = {}): Promise<number | null> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  return new Promise((ended, failed) => child.once("error", failed).once("close", ended));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
