import { type CreatedUpload, type CreateUpload, KangKlipError, type UploadId } from "@kangklip/contract";
import { ulid } from "ulid";
import { z } from "zod";
import type { ArtifactStore } from "./artifacts/store.ts";
import type { JobSource } from "./jobs/job.ts";
import type { JobStore } from "./jobs/store.ts";

export type Uploads = ReturnType<typeof createUploads>;

const Kept = z.object({ filename: z.string(), size_bytes: z.int() });
const LINK_SECONDS = 6 * 3600;
const KEEP_MS = 24 * 3_600_000;

/**
 * Videos that people bring themselves: a link to put the file to, then a source for a job. `keepMs`: for how long a job can be made of it;
 * retention.ts removes it some time later.
 */
export function createUploads(options: {
  store: JobStore;
  artifacts: ArtifactStore;
  maxBytes: number;
  keepMs?: number;
}) {
  const { store, artifacts, maxBytes, keepMs = KEEP_MS } = options;
  const linkSeconds = Math.min(LINK_SECONDS, Math.floor(keepMs / 1000));
  const keyOf = (id: UploadId) => `uploads/${id}/source`;

  return {
    /** @throws KangKlipError SOURCE_TOO_LARGE */
    async create({ filename, size_bytes }: z.infer<typeof CreateUpload>): Promise<CreatedUpload> {
      if (size_bytes > maxBytes)
        throw new KangKlipError(
          "SOURCE_TOO_LARGE",
          `The file has ${(size_bytes / 1e9).toFixed(1)} GB; ${(maxBytes / 1e9).toFixed(1)} GB is the most`,
        );
      const id = `up_${ulid()}`;
      await store.note(`upload:${id}`, JSON.stringify({ filename, size_bytes }), keepMs);
      const { url } = await artifacts.signPut(keyOf(id), {
        expiresSeconds: linkSeconds,
        sizeBytes: size_bytes,
        contentType: "application/octet-stream",
      });
      return { upload_id: id, put_url: url, expires_in: linkSeconds, upload_token: id };
    },

    /** The source for a job. @throws KangKlipError NOT_FOUND, or CONFLICT while the file is not there yet */
    async finished(id: UploadId): Promise<JobSource> {
      const text = await store.recall(`upload:${id}`);
      if (!text) throw new KangKlipError("NOT_FOUND", "upload not found");
      const kept = Kept.parse(JSON.parse(text));
      const there = await artifacts.head(keyOf(id));
      if (there?.sizeBytes !== kept.size_bytes)
        throw new KangKlipError("CONFLICT", "The upload is not complete: send the file to its put_url first");
      return { kind: "upload", upload_id: id, filename: kept.filename };
    },

    /** A link from which the worker reads the file. */
    link: (id: UploadId, expiresSeconds: number) => artifacts.signGet(keyOf(id), { expiresSeconds }),
  };
}
