import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Word } from "../../packages/contract/src/edl.ts";
import { transcriptOf } from "../../packages/worker/src/select/testing.ts";
import { SCRIPT } from "../sample/script.ts";

/** The sample talk's words again and again, bare as pocketsphinx writes them, up to a second. */
function wordsUpTo(seconds: number): Word[] {
  const words: Word[] = [];
  for (let startSeconds = 3; startSeconds < seconds; startSeconds = (words.at(-1)?.end ?? seconds) + 4)
    for (const segment of transcriptOf(SCRIPT, { startSeconds }).segments)
      words.push(
        ...segment.words.map((word) => ({ ...word, word: word.word.toLowerCase().replace(/[^a-z']/g, "") })),
      );
  return words.filter(({ word, end }) => word !== "" && end < seconds);
}

/**
 * A program that stands in pocketsphinx's place on PATH: it "hears" the sample talk, whatever is said, and what begins in the second half
 * only once `goOn` was called. It may write nothing: how long the parts before its own are stands in the names of empty files.
 */
export function slowRecogniser(folder: string, seconds: number) {
  const marks = join(folder, "marks");
  mkdirSync(marks, { recursive: true });
  const program = join(folder, "pocketsphinx_continuous");
  writeFileSync(
    program,
    `#!${process.execPath}
const { readdirSync, statSync, writeFileSync, existsSync } = require("node:fs");
const marks = ${JSON.stringify(marks)};
const file = process.argv[process.argv.indexOf("-infile") + 1];
const index = Number(/part-(\\d+)/.exec(file)[1]);
const seconds = statSync(file).size / 32000;
writeFileSync(marks + "/" + index + "-" + seconds, "");
const until = (isSo) => { while (!isSo()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); };
const before = () => readdirSync(marks).map((name) => name.split("-").map(Number)).filter(([at]) => at < index);
until(() => before().length === index);
const start = before().reduce((sum, [, length]) => sum + length, 0);
if (start > ${seconds / 2}) until(() => existsSync(marks + "/../go-on"));
for (const { word, start: from, end } of ${JSON.stringify(wordsUpTo(seconds))})
  if (from >= start && end < start + seconds) console.log([word, (from - start).toFixed(3), (end - start).toFixed(3), "0.9"].join(" "));
`,
  );
  chmodSync(program, 0o755);
  return {
    goOn: () => writeFileSync(join(folder, "go-on"), ""),
    stop: () => rmSync(join(folder, "go-on"), { force: true }),
  };
}
