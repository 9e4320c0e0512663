import { buffer } from "node:stream/consumers";
import { JobId } from "@kangklip/contract";
import { z } from "zod";
import type { ArtifactStore } from "../artifacts/store.ts";
import { Charge, type Job } from "../jobs/job.ts";

/** What was paid for a job, beside its clips: no worker can write it, for it is no name of an artifact. */
const Entitlements = z.object({ job_id: JobId, wallet: z.string().nullable(), charges: z.array(Charge) });
export type Entitlements = z.infer<typeof Entitlements>;

const MAX_BYTES = 1 << 20;

export const entitlementsKey = (id: JobId) => `jobs/${id}/charges.json`;

/** What must not be forgotten of a job's charges. Pure. */
export const entitlementsOf = ({ job_id, wallet, charges }: Job): Entitlements => ({
  job_id,
  wallet,
  charges: charges.filter(({ state }) => state === "CHARGED" || state === "REFUNDED"),
});

/** What was kept of a job whose record is lost; undefined where nothing was, or where it cannot be read. */
export async function keptEntitlements(
  artifacts: ArtifactStore,
  id: JobId,
): Promise<Entitlements | undefined> {
  const key = entitlementsKey(id);
  const info = await artifacts.head(key);
  if (!info || info.sizeBytes > MAX_BYTES) return undefined;
  const text = (await buffer((await artifacts.get(key)).body)).toString("utf8");
  try {
    const kept = Entitlements.parse(JSON.parse(text));
    return kept.job_id === id ? kept : undefined;
  } catch {
    return undefined;
  }
}
