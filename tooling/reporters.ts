import type { ViteUserConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

type Reporters = NonNullable<NonNullable<ViteUserConfig["test"]>["reporters"]>;

/** Names each test that did not run, after all others have: a title says what the test needs, as in "(needs ffmpeg)". */
const skipped: Reporter = {
  onTestRunEnd(modules) {
    const names = modules.flatMap((module) =>
      [...module.children.allTests("skipped")].map(
        (test) => `  ${module.relativeModuleId} > ${test.fullName}`,
      ),
    );
    if (names.length > 0) console.log(`\nNot run, for want of what they need:\n${names.join("\n")}\n`);
  },
};

/**
 * What every test run prints; with KK_TEST_REPORT, also a JSON report into that file, for CI to count. With KK_TEST_VERBOSE each test is told
 * as it ends: for runs that take minutes.
 */
export function reporters(): Reporters {
  const file = process.env.KK_TEST_REPORT;
  return [
    process.env.KK_TEST_VERBOSE ? "verbose" : "default",
    skipped,
    ...(file ? ([["json", { outputFile: file }]] as const) : []),
  ] as Reporters;
}
