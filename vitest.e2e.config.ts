import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { COMPILE_CACHE } from "./tooling/compile-cache.ts";
import { reporters } from "./tooling/reporters.ts";

/** Each keeps both cores busy by itself and counts on how long that takes. */
const ALONE = ["packages/worker/src/media/hostile-long.e2e.test.ts", "tooling/chaos/kill.e2e.test.ts"];
/** Minutes each, so they are begun first. */
const LONG = ["image", "quick", "providers", "resumed", "kept", "bench", "main-job", "access"].map(
  (name) => `/${name}.e2e.test.ts`,
);
const PAGE = "packages/web/e2e/**/*.e2e.test.ts";
const PAGE_ALONE = "packages/web/e2e/lighthouse.e2e.test.ts";

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((end) => moduleId.endsWith(end));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** Those of one group run before those of the next; `lanes` files at a time. */
const project = (
  name: string,
  groupOrder: number,
  lanes: number,
  include: string[],
  exclude: string[] = [],
) => ({
  extends: true as const,
  test: {
    ...{ name, include, exclude: ["**/node_modules/**", ...exclude] },
    ...{ maxWorkers: lanes, sequence: { groupOrder } },
  },
});

export default defineConfig({
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    reporters: reporters(),
    sequence: { sequencer: LongFirst },
    projects: [
      project("alone", 0, 1, ALONE),
      project("page-alone", 1, 1, [PAGE_ALONE]),
      // servers that are away, workers that are killed, pages that load: a third of the time goes by waiting
      project("together", 2, 3, ["packages/**/*.e2e.test.ts", "tooling/**/*.e2e.test.ts"], [...ALONE, PAGE]),
      project("page", 3, 3, [PAGE], [PAGE_ALONE]),
    ],
  },
});
