import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Elsewhere } from "./report.ts";

/** A check that tests show: where, and the titles of the tests as they stand there. */
interface ShownBy {
  id: string;
  what: string;
  file: string;
  titles: readonly string[];
}

// What these measure are events, not figures: a job is resumed or it is not. They take servers, chains and kills, and run with `npm test`,
// those of `.e2e.test.ts` with `npm run e2e`.
const SHOWN_BY_TESTS: readonly ShownBy[] = [
  {
    id: "V3",
    what: "NVENC is chosen by trying it, and its failure falls back with the reason (on a card: npm run gpu-check)",
    file: "packages/worker/src/media/encoder.test.ts",
    titles: ["an ffmpeg that lists NVENC but cannot use it is known by trying"],
  },
  {
    id: "P1",
    what: "a worker that is killed: the job goes on",
    file: "tooling/main-job/survival.e2e.test.ts",
    titles: ["its worker is killed while it renders"],
  },
  {
    id: "P2",
    what: "reports that come twice and in any order change no end",
    file: "packages/api/src/jobs/reconciler-fencing.test.ts",
    titles: [
      "the five reports of a run in all 120 orders, each of them twice",
      "one report delivered ten times at once",
    ],
  },
  {
    id: "P3",
    what: "2 x 50 unlocks at once cost one credit",
    file: "packages/api/src/credits/unlock-localnet.test.ts",
    titles: [
      "of 2 x 50 requests for one clip at once, over two processes on one file, the chain takes one credit",
    ],
  },
  {
    id: "P4",
    what: "a lost answer of the chain costs no second credit",
    file: "packages/api/src/credits/unlock-localnet.test.ts",
    titles: ["an answer of the node that is lost, and a transaction that is, cost no second credit"],
  },
  {
    id: "P5",
    what: "a silent node is given up, its work goes elsewhere, within the budget",
    file: "packages/api/src/jobs/reconciler.test.ts",
    titles: ["a provider that says RUNNING for ever about a dead worker"],
  },
  {
    id: "P6",
    what: "over 105 addresses that lead inside are refused, without a connection",
    file: "packages/contract/src/source-url.test.ts",
    titles: ["the corpus has at least 105 addresses"],
  },
  {
    id: "P7",
    what: "no secret in a launch, a log, an answer or an artifact",
    file: "tooling/main-job/secrets.test.ts",
    titles: ["no secret is in a log, an answer, a launch's folder, command line or settings"],
  },
  {
    id: "P8",
    what: "hours of sound in constant memory",
    file: "packages/worker/src/media/hostile-long.e2e.test.ts",
    titles: ["hours end in a clip, in constant memory"],
  },
  {
    id: "P9",
    what: "a locked clip is seen as its preview and in no other way",
    file: "packages/api/src/clips/clips.test.ts",
    titles: ["a locked clip is seen as its preview and in no other way"],
  },
  {
    id: "P10",
    what: "a client of 1.x goes from a URL to a saved clip",
    file: "packages/api/src/rest.test.ts",
    titles: ["a 1.x client goes from a URL to a saved clip"],
  },
];

const command = (file: string) => `npm ${/\.e2e\.test\.ts$/.test(file) ? "run e2e" : "test"} -- ${file}`;

export const shownElsewhere = (): Elsewhere[] =>
  SHOWN_BY_TESTS.map(({ id, what, file }) => ({ id, what, by: command(file) }));

/** Titles that no longer stand in the file that is said to have them; a missing file lacks all. */
export async function missingTitles(): Promise<string[]> {
  const missing: string[] = [];
  for (const { id, file, titles } of SHOWN_BY_TESTS) {
    const text = await readFile(fileURLToPath(new URL(`../../../${file}`, import.meta.url)), "utf8").catch(
      () => "",
    );
    for (const title of titles) if (!text.includes(title)) missing.push(`${id}: ${file} has no "${title}"`);
  }
  return missing;
}
