import type { JobRow } from "@kangklip/contract";
import { asCliError, type Client, createClient } from "./client.ts";
import type { CliConfig } from "./config.ts";
import { EXIT } from "./exit.ts";
import { failure, watch } from "./make.ts";
import { attemptLines } from "./places.ts";
import { readOperatorToken } from "./start-api.ts";
import type { Terminal } from "./terminal.ts";

export interface Connection {
  apiUrl: string;
  client: Client;
}

/** A client of the service on this machine, acting as its operator. @throws CliError where none has run here */
export function connect(api: string | undefined, { apiUrl: usual, dataDir }: CliConfig): Connection {
  const apiUrl = api ?? usual;
  return {
    apiUrl,
    client: createClient(apiUrl, { "x-operator-token": readOperatorToken(dataDir) }),
  };
}

/** Asks, and turns an error of the API into one for the terminal. */
export async function ask<T>({ apiUrl }: Connection, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw asCliError(error, apiUrl);
  }
}

/** The newest jobs as a table for people, or as rows for machines. */
export async function listJobs(connection: Connection, limit: number, terminal: Terminal): Promise<void> {
  const rows = await ask(connection, connection.client.jobs.list.query({ limit }));
  for (const row of rows) terminal.event(row);
  if (rows.length === 0) terminal.say("No jobs yet. Make one with: npm run kangklip -- clip <url>");
  for (const row of rows) terminal.say(rowText(row, terminal));
}

const rowText = ({ job_id, state, progress, created_at, title, source, edit }: JobRow, terminal: Terminal) =>
  [
    job_id,
    state.padEnd(10),
    `${progress} %`.padStart(5),
    terminal.dim(created_at.slice(0, 16).replace("T", " ")),
    (edit ? `revision ${edit.revision} of ${edit.clip_file} of ${edit.of}` : (title ?? source)).slice(0, 60),
  ].join("  ");

/** One job, whole. */
export async function getJob(connection: Connection, id: string, terminal: Terminal): Promise<void> {
  const view = await ask(connection, connection.client.jobs.view.query({ job_id: id }));
  terminal.result(view);
  terminal.say(`${view.job_id}  ${terminal.bold(view.state)}  ${view.stage} ${view.progress} %`);
  if (view.source) terminal.say(`  ${view.source.title ?? ""}  ${terminal.dim(view.source.url)}`);
  if (view.edit)
    terminal.say(`  revision ${view.edit.revision} of ${view.edit.clip_file} of ${view.edit.of}`);
  if (view.message) terminal.say(`  ${view.message}`);
  for (const line of attemptLines(view, terminal)) terminal.say(line);
  for (const notice of view.notices) terminal.say(`  ${notice}`);
  if (view.error) terminal.say(`  ${view.error}\n  ${view.error_code ?? ""}: ${view.error_action ?? ""}`);
}

/** Follows a job; ^C leaves it running. @throws CliError where the job failed */
export async function watchJob(
  connection: Connection,
  id: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  signal.addEventListener("abort", () => process.exit(EXIT.interrupted), { once: true });
  const view = await ask(connection, watch(connection.client, terminal, id, new AbortController().signal));
  terminal.result(view);
  if (view.status === "FAILED") throw failure(view);
  terminal.say("Done.");
}

/** Asks for the end of a job and gives what it is now. */
export async function cancelJob(connection: Connection, id: string, terminal: Terminal): Promise<void> {
  const view = await ask(connection, connection.client.jobs.cancel.mutate({ job_id: id }));
  terminal.result(view);
  terminal.say(`${view.job_id}: ${view.state}`);
}
