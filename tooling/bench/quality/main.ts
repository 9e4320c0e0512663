// Every figure of quality that this machine can show, beside its target and beside the same figure made in the way of 1.x.
// `npm run bench:quality [-- --only captions,framing] [--quick] [--json] [--out FILE]`: a table, or one JSON document on stdout and nothing
// else; --out docs/quality.md writes the rows into a page, as a table in place of what stands between its two marks.
// Ends with 1 where a row does not hold its target, or where 1.x is better. Progress is told on stderr.

import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { findTools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { intoPage } from "../page.ts";
import { MEASURES } from "./measures.ts";
import { runMeasures } from "./report.ts";
import { reportMarkdown, reportText } from "./report-text.ts";
import { shownElsewhere } from "./service.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    out: { type: "string" },
  },
});
const only = values.only.flatMap((names) => names.split(",")).filter((name) => name !== "");
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop.abort(new Error(signal)));
const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH }).catch(() => null);
const report = await runMeasures(MEASURES, {
  ...{ quick: values.quick, signal: stop.signal, only: only.length > 0 ? only : null },
  ...{ ffmpeg: tools?.version ?? null, shownElsewhere: only.length > 0 ? [] : shownElsewhere() },
  onProgress: (text) => console.error(text),
});
if (values.out !== undefined)
  await writeFile(values.out, intoPage(await readFile(values.out, "utf8"), reportMarkdown(report)));
console.log(values.json ? JSON.stringify(report) : reportText(report));
process.exitCode = report.ok ? 0 : 1;
