// Counts what a test run reported: `count-tests.ts REPORT COUNTS`. Says which tests failed and which did not run, and writes
// "passed failed skipped" into COUNTS. In CI a skipped test has failed, unless it needs what CI can never have.

import { readFileSync, writeFileSync } from "node:fs";

/** What a title may say that its test needs, although CI has not got it. */
const NEVER_THERE = /\(needs an? [^)]*(GPU|macOS|Windows|account)[^)]*\)/;

interface Report {
  success: boolean;
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { status: string; fullName: string }[];
  }[];
}

const [reportFile = "", countsFile = ""] = process.argv.slice(2);
const report: Report = JSON.parse(readFileSync(reportFile, "utf8"));
const all = report.testResults.flatMap(({ assertionResults }) => assertionResults);
const passed = all.filter(({ status }) => status === "passed");
const failed = all.filter(({ status }) => status === "failed").map(({ fullName }) => fullName);
const notRun = all.filter(({ status }) => status !== "passed" && status !== "failed");
const excused = notRun.filter(({ fullName }) => NEVER_THERE.test(fullName));
const wanting = notRun
  .filter((each) => !excused.includes(each))
  .map(({ fullName }) => `not run: ${fullName}`);
// a file that cannot even be loaded holds no test that could fail
const broken = report.testResults
  .filter(
    ({ status, assertionResults }) =>
      status === "failed" && assertionResults.every((each) => each.status !== "failed"),
  )
  .map(({ name, message }) => `${name}: ${message ?? ""}`);

for (const { fullName } of excused) console.log(`skipped as it may: ${fullName}`);
const bad = [...failed, ...wanting, ...broken];
if (bad.length === 0 && (!report.success || passed.length === 0))
  bad.push("the run as a whole: an error outside of any test, or no test");
for (const line of bad) console.log(`FAILED ${line}`);
writeFileSync(countsFile, `${passed.length} ${bad.length} ${excused.length}\n`);
process.exitCode = bad.length > 0 ? 1 : 0;
