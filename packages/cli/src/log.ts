import { ask, type Connection } from "./jobs.ts";
import type { Terminal } from "./terminal.ts";

const LEVEL = { info: " ", warn: "!", error: "x" } as const;

/** What happened to a job, oldest first. */
export async function tellLog(connection: Connection, job_id: string, terminal: Terminal): Promise<void> {
  const lines = await ask(connection, connection.client.jobs.log.query({ job_id }));
  for (const line of lines) terminal.event(line);
  for (const { at, epoch, stage, level, text } of lines) {
    const place = `${epoch ?? " "} ${(stage ?? "").padEnd(10)}`;
    const time = at.slice(0, 19).replace("T", " ");
    terminal.say(`${terminal.dim(`${time}  ${place}`)} ${LEVEL[level]} ${text}`, 36);
  }
}
