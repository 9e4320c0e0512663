// `npm run test:program [-- --write]`: builds the on-chain program anew, compares it with the committed one and tests what was built.
// With --write the build becomes the committed one. The last line is "N passed, N failed".

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Built, buildProgram, testCrate } from "../sbf/build.ts";
import { ARTIFACT, CRATE, committedSums, compare, writeArtifact } from "./artifact.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const VITEST = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const folder = await mkdtemp(join(tmpdir(), "kk-program-"));
let [passed, failed] = [0, 0];
try {
  const built = await buildProgram(CRATE);
  tellSizes(built);
  if (values.write) await writeArtifact(built, ARTIFACT);
  compareWithCommitted(built, await committedSums());
  await writeArtifact(built, folder);
  const unitTests = await testCrate(CRATE);
  console.log(`ok     ${unitTests} unit tests of the crate, run on this machine`);
  passed += unitTests;
  for (const form of ["v3", "v0"]) {
    const suite = await runSuite(folder, form);
    passed += suite.passed;
    failed += suite.failed;
  }
} catch (error) {
  console.error(`FAILED ${error instanceof Error ? error.message : error}`);
  failed += 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);

function check(what: string, good: boolean) {
  console.log(`${good ? "ok    " : "FAILED"} ${what}`);
  if (good) passed += 1;
  else failed += 1;
}

function tellSizes({ v0, v3, version, seconds, coreSeconds }: Built) {
  console.log(
    `Built with ${version} in ${seconds.toFixed(1)} s, ${coreSeconds.toFixed(1)} s of them for Rust's core`,
  );
  for (const [name, { bytes, codeBytes, dataBytes }] of Object.entries({ v3, v0 })) {
    console.log(`sBPF ${name}: ${bytes.length} bytes, of them ${codeBytes} code and ${dataBytes} constants`);
  }
}

function compareWithCommitted(built: Built, sums: string) {
  const comparison = compare(built, sums);
  if (comparison === "same") check("the build is the committed one, byte for byte", true);
  if (comparison === "different") {
    check("the build is not the committed one: `npm run test:program -- --write` renews it", false);
  }
  if (comparison === "other compilers") {
    console.log(
      `not compared: the committed build is from other compilers (${sums.split("\n")[0]?.slice(2)})`,
    );
  }
}

/** Runs the suite on one form (v3, v0) of the build in this folder; a test that did not run has failed. */
async function runSuite(built: string, form: string): Promise<{ passed: number; failed: number }> {
  const report = join(built, `${form}.json`);
  const child = spawn(process.execPath, [VITEST, "run", "programs/kangklip_credits"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, KK_PROGRAM_FOLDER: built, KK_PROGRAM_FORM: form, KK_TEST_REPORT: report },
  });
  const code = await new Promise<number | null>((ended, broke) =>
    child.once("error", broke).once("close", ended),
  );
  const { numTotalTests = 0, numPassedTests = 0 } = await readFile(report, "utf8").then(
    JSON.parse,
    () => ({}),
  );
  const bad = numTotalTests - numPassedTests;
  return { passed: numPassedTests, failed: code === 0 && numTotalTests > 0 ? bad : Math.max(1, bad) };
}
