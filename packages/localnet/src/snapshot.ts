import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { ChainHead } from "./chain.ts";
import type { Landed } from "./ledger.ts";

/** Transactions that are kept through a restart, the newest ones. */
const MAX_KEPT = 2000;
const MAGIC = "kangklip localnet 1";

const Head = z.object({
  magic: z.literal(MAGIC),
  program_id: z.string(),
  at: z.number(),
  slot: z.number(),
  height: z.number(),
  blockhashes: z.array(z.tuple([z.string(), z.number()])),
  state_bytes: z.number(),
  sha256: z.string(),
});

export interface Snapshot {
  programId: string;
  /** When it was written, ms of the epoch. */
  at: number;
  head: ChainHead;
  /** The virtual machine's own bytes. */
  state: Uint8Array;
  records: Landed[];
}

/** A file that is no snapshot, or not a whole one. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}

/** One line about the rest, the machine's bytes, the transactions. Written beside and renamed: it is the old one or the new one, never half. */
export function writeSnapshot(
  file: string,
  { programId, at, head, state, records }: Snapshot,
  durable: boolean,
): void {
  const kept = Buffer.from(JSON.stringify(records.slice(-MAX_KEPT)));
  const first = JSON.stringify({
    magic: MAGIC,
    program_id: programId,
    at,
    ...head,
    state_bytes: state.length,
    sha256: createHash("sha256").update(state).update(kept).digest("hex"),
  } satisfies z.input<typeof Head>);
  mkdirSync(dirname(file), { recursive: true });
  const beside = `${file}.new`;
  const handle = openSync(beside, "w", 0o600);
  try {
    writeFileSync(handle, Buffer.concat([Buffer.from(`${first}\n`), state, kept]));
    if (durable) fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(beside, file);
}

/** @returns undefined where there is none @throws SnapshotError */
export function readSnapshot(file: string): Snapshot | undefined {
  const bytes = readIfThere(file);
  if (!bytes) return undefined;
  const end = bytes.indexOf("\n");
  const head = Head.safeParse(parsed(bytes.subarray(0, Math.max(end, 0)).toString("utf8")));
  if (!head.success) throw new SnapshotError(`${file} is not a snapshot of a localnet`);
  const { program_id, at, slot, height, blockhashes, state_bytes, sha256 } = head.data;
  const rest = bytes.subarray(end + 1);
  if (createHash("sha256").update(rest).digest("hex") !== sha256)
    throw new SnapshotError(`${file} is damaged: it is not what was written`);
  return {
    programId: program_id,
    at,
    head: { slot, height, blockhashes },
    state: rest.subarray(0, state_bytes),
    records: JSON.parse(rest.subarray(state_bytes).toString("utf8")), // our own, as the checksum says
  };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
