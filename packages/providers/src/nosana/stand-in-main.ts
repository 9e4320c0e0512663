// The stand-in as a program of its own, for `kangklip dev-nosana`. Standard input begins with a line of JSON, what StandInProgram says,
// and the program ends with it. On standard output there is a JSON line for where it listens and for each change of a deployment.
import { createInterface } from "node:readline";
import { setInterval as every } from "node:timers/promises";
import { startNosanaStandIn } from "./stand-in.ts";

/** What the program is told. */
export interface StandInProgram {
  /** 0: a free one */
  port: number;
  apiKey: string;
  /** What runs in place of any image: a program and its arguments, and what the image itself would carry. */
  command: readonly string[];
  env: Record<string, string>;
  /** How long a launch waits for a node (ms). */
  queueMs: number;
}
/** What it says. */
export type StandInLine = { listening: string } | { deployment: string; status: string; job?: string };

const LOOK_MS = 200;
const JOBS = ["in the queue", "running", "completed", "stopped"];

const input = createInterface({ input: process.stdin });
const say = (line: StandInLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

const [first] = await Array.fromAsync(take(input, 1));
const { port, apiKey, command, env, queueMs }: StandInProgram = JSON.parse(first ?? "{}");
const standIn = await startNosanaStandIn({
  ...{ port, apiKey, run: () => ({ command, env }) },
  faults: { startMs: 500, queueMs, settleMs: 500, graceMs: 10_000 },
});
const end = async () => {
  await standIn.close();
  process.exit();
};
process.stdin.once("end", end).resume();
process.once("SIGTERM", end);
say({ listening: standIn.url });

const told = new Map<string, string>();
for await (const _ of every(LOOK_MS))
  for (const { id, body, status, jobs } of standIn.deployments.values()) {
    const state = jobs.at(-1)?.state;
    const job = state === undefined ? undefined : JOBS[state];
    const now = `${status} ${job}`;
    if (told.get(id) === now) continue;
    told.set(id, now);
    say({ deployment: body.name, status, ...(job && { job }) });
  }

async function* take<T>(lines: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let left = count;
  for await (const line of lines) {
    yield line;
    left -= 1;
    if (left === 0) return;
  }
}
