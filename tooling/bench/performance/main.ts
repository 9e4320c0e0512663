// What clips cost, beside the floor and beside the shapes of other clip makers, in one run on this machine.
// `npm run bench [-- --quick] [--only cpu,bytes] [--json] [--out docs/bench]`: a table; with --json one JSON document as the last line;
// --out writes plots, figures.json, and the table between the two marks of the folder's README.md; with --only, what figures.json holds of the
// other parts stays, if it is of the same machine and kind of run. Progress is told on stderr.
// Ends with 1 where a gated goal of goals.json is missed: ratios of processor time, bytes, counts and memory; never because of a time.
// Sources are made by the first run and kept below DATA_DIR (.kangklip): 1 GB for --quick, 15 GB in full. --tiny is for the bench's own test.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { intoPage } from "../page.ts";
import { type PerformanceReport, placedInto, runParts } from "./bench.ts";
import { PARTS } from "./parts.ts";
import { FULL, QUICK, TINY } from "./profile.ts";
import { plotsOf, reportMarkdown, reportText } from "./report.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    tiny: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const only = values.only.flatMap((names) => names.split(",")).filter((name) => name !== "");
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop.abort(new Error(signal)));
const report = await runParts({
  ...{ profile: values.tiny ? TINY : values.quick ? QUICK : FULL, parts: PARTS },
  ...{ only: only.length > 0 ? only : null, signal: stop.signal },
  fixturesDir: resolve(process.env.DATA_DIR || ".kangklip", "bench", "performance"),
  say: (text) => console.error(text),
});
if (values.out !== undefined) {
  await mkdir(values.out, { recursive: true });
  const file = join(values.out, "figures.json");
  const before: PerformanceReport | null = JSON.parse(await readFile(file, "utf8").catch(() => "null"));
  const all = placedInto(
    before,
    report,
    PARTS.map(({ name }) => name),
  );
  await writeFile(file, `${JSON.stringify(all, null, 1)}\n`);
  const plots = plotsOf(all);
  for (const { file: name, svg } of plots) await writeFile(join(values.out, name), svg);
  const page = join(values.out, "README.md");
  await writeFile(page, intoPage(await readFile(page, "utf8"), reportMarkdown(all, plots)));
}
console.log(reportText(report));
if (values.json) console.log(JSON.stringify(report));
process.exitCode = report.ok ? 0 : 1;
