import { createHmac } from "node:crypto";
import { ClipFile, type JobId } from "@kangklip/contract";
import { z } from "zod";
import { same } from "../jobs/tokens.ts";

/** What a link allows, and until when (`expires`: seconds since 1970). */
export type ArtifactLink =
  | { method: "GET"; key: string; expires: number; downloadName?: string | undefined }
  | {
      method: "PUT";
      key: string;
      expires: number;
      sizeBytes: number;
      sha256?: string | undefined;
      contentType: string;
    };

/** Everything that a link allows is in the signature; the list is JSON, so no two links give the same text. */
function signature(secret: Buffer, link: ArtifactLink): string {
  const bound =
    link.method === "GET"
      ? [link.downloadName ?? null]
      : [link.sizeBytes, link.sha256 ?? null, link.contentType];
  const text = JSON.stringify(["artifact", link.method, link.key, link.expires, ...bound]);
  return createHmac("sha256", secret).update(text).digest("base64url");
}

/** The query of a link, with its signature. Pure. */
export function linkQuery(secret: Buffer, link: ArtifactLink): string {
  const query = new URLSearchParams({ expires: String(link.expires) });
  if (link.method === "GET") {
    if (link.downloadName !== undefined) query.set("download", link.downloadName);
  } else {
    query.set("size", String(link.sizeBytes));
    if (link.sha256 !== undefined) query.set("sha256", link.sha256);
    query.set("type", link.contentType);
  }
  query.set("signature", signature(secret, link));
  return query.toString();
}

const Count = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const Get = z.strictObject({
  expires: Count,
  download: z.string().optional(),
  signature: z.string(),
});
const Put = z.strictObject({
  expires: Count,
  size: Count,
  sha256: z.string().optional(),
  type: z.string(),
  signature: z.string(),
});

/** What a request's method, key and query allow; undefined where the signature is not ours or not for this. Pure. */
export function checkedLink(
  secret: Buffer,
  method: "GET" | "PUT",
  key: string,
  query: URLSearchParams,
): ArtifactLink | undefined {
  const asked = linkOf(method, key, Object.fromEntries(query));
  return asked && same(asked.signature, signature(secret, asked.link)) ? asked.link : undefined;
}

function linkOf(
  method: "GET" | "PUT",
  key: string,
  query: object,
): { link: ArtifactLink; signature: string } | undefined {
  if (method === "GET") {
    const { data } = Get.safeParse(query);
    return (
      data && {
        link: { method, key, expires: data.expires, downloadName: data.download },
        signature: data.signature,
      }
    );
  }
  const { data } = Put.safeParse(query);
  return (
    data && {
      link: {
        method,
        key,
        expires: data.expires,
        sizeBytes: data.size,
        sha256: data.sha256,
        contentType: data.type,
      },
      signature: data.signature,
    }
  );
}

/** What a link to a zip allows: these clips of this job, until then (`expires`: seconds since 1970). */
export interface ArchiveLink {
  job_id: JobId;
  clips: readonly ClipFile[];
  expires: number;
}

/** Its text begins otherwise than that of a link to a file, so neither can be taken for the other. */
const archiveSignature = (secret: Buffer, { job_id, clips, expires }: ArchiveLink) =>
  createHmac("sha256", secret)
    .update(JSON.stringify(["archive", job_id, expires, ...clips]))
    .digest("base64url");

/** The query of a link to a zip, with its signature. Pure. */
export const archiveQuery = (secret: Buffer, link: ArchiveLink): string =>
  new URLSearchParams({
    expires: String(link.expires),
    clips: link.clips.join(","),
    signature: archiveSignature(secret, link),
  }).toString();

const Archive = z.strictObject({
  expires: Count,
  clips: z
    .string()
    .max(100)
    .transform((text) => text.split(","))
    .pipe(z.array(ClipFile)),
  signature: z.string(),
});

/** What a request's path and query allow; undefined where the signature is not ours or not for this. Pure. */
export function checkedArchive(
  secret: Buffer,
  job_id: JobId,
  query: URLSearchParams,
): ArchiveLink | undefined {
  const { data } = Archive.safeParse(Object.fromEntries(query));
  const link = data && { job_id, clips: data.clips, expires: data.expires };
  return link && same(data.signature, archiveSignature(secret, link)) ? link : undefined;
}
