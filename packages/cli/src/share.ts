import type { ClipFile, ShareView } from "@kangklip/contract";
import { ask, type Connection } from "./jobs.ts";
import type { Terminal } from "./terminal.ts";

/** Makes a link by which others may watch and save clips of a finished job. `clips`: undefined for all; `seconds`: how long it lives. */
export async function shareClips(
  connection: Connection,
  job_id: string,
  { clips, seconds }: { clips?: string[] | undefined; seconds?: number | undefined },
  terminal: Terminal,
): Promise<void> {
  const asked = {
    job_id,
    ...(clips && { clip_files: clips as ClipFile[] }),
    ...(seconds !== undefined && { expires_in_seconds: seconds }),
  };
  const share = await ask(connection, connection.client.shares.create.mutate(asked));
  const address = addressOf(connection, share);
  terminal.result({ ...share, address });
  terminal.say(terminal.bold(address));
  terminal.say(`Anybody who has it may watch and save ${textOf(share)} until ${dayOf(share)}.`);
  terminal.say(terminal.dim(`kangklip share ${job_id} --revoke ${share.share_id}  takes it back.`));
}

/** The links that lead to clips of a job now. */
export async function listShares(connection: Connection, job_id: string, terminal: Terminal): Promise<void> {
  tell(connection, await ask(connection, connection.client.shares.list.query({ job_id })), terminal);
}

/** Takes a link back; it tells which are left. */
export async function revokeShare(
  connection: Connection,
  { job_id, share_id }: { job_id: string; share_id: string },
  terminal: Terminal,
): Promise<void> {
  tell(
    connection,
    await ask(connection, connection.client.shares.revoke.mutate({ job_id, share_id })),
    terminal,
  );
}

function tell(connection: Connection, shares: readonly ShareView[], terminal: Terminal): void {
  for (const share of shares) terminal.event({ ...share, address: addressOf(connection, share) });
  if (shares.length === 0) terminal.say("No link leads to clips of this job.");
  for (const share of shares)
    terminal.say(
      `${share.share_id}  until ${dayOf(share)}  ${textOf(share)}\n  ${addressOf(connection, share)}`,
    );
}

const addressOf = ({ apiUrl }: Connection, { path }: ShareView) => new URL(path, `${apiUrl}/`).href;
const textOf = ({ clip_files }: ShareView) => clip_files?.join(", ") ?? "all clips";
const dayOf = ({ expires_at }: ShareView) => `${expires_at.slice(0, 16).replace("T", " ")} UTC`;
