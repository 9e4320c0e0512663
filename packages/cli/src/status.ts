import { createClient } from "./client.ts";
import { EXIT } from "./exit.ts";
import { ask, type Connection } from "./jobs.ts";
import type { Terminal } from "./terminal.ts";

/** How a service is, as it tells everybody. @returns the exit code: whether all is well that it needs */
export async function tellStatus(apiUrl: string, terminal: Terminal): Promise<number> {
  const connection: Connection = { apiUrl, client: createClient(apiUrl, {}) };
  const status = await ask(connection, connection.client.system.status.query());
  const { ok, version, since, checks, queue, providers } = status;
  terminal.result(status);
  const { bold, dim } = terminal;
  const day = since.slice(0, 16).replace("T", " ");
  terminal.say(`${bold(ok ? "All is well" : "Something is wrong")}  ${dim(`${version}, since ${day} UTC`)}`);
  for (const check of checks) {
    const word = check.ok ? "ok" : check.needed ? "does not answer" : "does not answer, and is not needed";
    terminal.say(`  ${check.name.padEnd(12)}${word}  ${dim(`${check.ms} ms`)}`);
  }
  const longest = queue.longest_wait_seconds;
  const waits = longest === null ? "" : `, the first for ${Math.round(longest)} s`;
  terminal.say(`  ${queue.running} running, ${queue.waiting} waiting${waits}`);
  for (const { id, ok: there, gpu } of providers)
    terminal.say(`  ${id.padEnd(12)}${there ? (gpu ?? "ok") : "cannot be used now"}`);
  return ok ? EXIT.ok : EXIT.service;
}
