// How well clips are chosen, against labels that the selector never sees, beside chance and beside what 1.x chose.
// `npm run bench:selection [-- --set FILE…] [--json] [--seed 1] [--clips 3] [--seconds 45] [--draws 10000] [--transcripts 10000]`
// Ends with 1 where hit@k or the mean percentile is not above chance (its 95th percentile) and 1.x, or a rule was broken.

import { parseArgs } from "node:util";
import { faultsOf, runBench } from "./bench.ts";
import { brokenRules, tryTranscripts } from "./properties.ts";
import { BUNDLED_NOTE, propertiesReport, reportOf, wishesReport } from "./report.ts";
import { readSets } from "./sets.ts";
import { bundledTalks } from "./talks.ts";
import { runWishes, wishFaults } from "./wish-bench.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: "string", multiple: true, default: [] },
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    clips: { type: "string", default: "3" },
    seconds: { type: "string", default: "45" },
    draws: { type: "string", default: "10000" },
    transcripts: { type: "string" },
  },
});
const whole = (name: "seed" | "clips" | "seconds" | "draws" | "transcripts", from: number, to: number) => {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  throw new Error(`--${name} must be a whole number from ${from} to ${to}`);
};
const seed = whole("seed", 0, 2 ** 32 - 1);
const files = [...values.set, ...positionals];
const set = files.length > 0 ? await readSets(files) : bundledTalks(seed);
const result = await runBench(set, {
  seed,
  clips: whole("clips", 1, 5),
  clipSeconds: whole("seconds", 30, 60),
  draws: whole("draws", 100, 1_000_000),
});
// the rules are tried beside the bundled set; a set that the user brings is measured alone unless they ask
const transcripts = values.transcripts ? whole("transcripts", 0, 1_000_000) : files.length > 0 ? 0 : 10_000;
const rules = transcripts > 0 ? await tryTranscripts({ seed, transcripts }) : undefined;
const asked = set.filter(({ told = [] }) => told.length > 0);
const heldOut = asked.filter(({ use }) => use === "held out");
const wishes =
  asked.length > 0
    ? await runWishes(heldOut.length > 0 ? heldOut : asked, {
        seed,
        clipSeconds: result.clipSeconds,
        draws: 2000,
      })
    : undefined;
const note = files.length > 0 ? undefined : BUNDLED_NOTE;
const faults = [
  ...faultsOf(result),
  ...(wishes ? wishFaults(wishes) : []),
  ...(rules ? brokenRules(rules) : []),
];
if (values.json)
  console.log(
    JSON.stringify({ bench: "selection", ok: faults.length === 0, faults, note, ...result, wishes, rules }),
  );
else {
  console.log(reportOf(result, note));
  if (wishes) console.log(wishesReport(wishes));
  if (rules) console.log(propertiesReport(rules));
  for (const fault of faults) console.log(`FAULT: ${fault}`);
}
process.exitCode = faults.length === 0 ? 0 : 1;
