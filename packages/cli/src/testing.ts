import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

export interface Ran {
  exit: number | null;
  stdout: string;
  stderr: string;
  /** Each line of stdout, parsed: with --json all of it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into lines of any shape
  lines: any[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  last: any;
}

/**
 * Runs `kangklip` as a person does, in another process.
 * @param env over PATH alone @param meanwhile is given the process and what it has said so far, each time it says something
 */
export async function kangklip(
  args: string[],
  env: Record<string, string> = {},
  meanwhile: (child: ChildProcess, said: string) => void = () => {},
): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { NODE_ENV: "production", PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    meanwhile(child, stdout);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exit = await new Promise<number | null>((end) => child.once("close", end));
  const lines = args.includes("--json")
    ? stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
    : [];
  return { exit, stdout, stderr, lines, last: lines.at(-1) };
}
