import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type ListPartsCommandOutput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { KangKlipError } from "@kangklip/contract";
import { call, ifThere, LARGE, MEDIUM, SMALL } from "./s3-call.ts";
import { uploadsBelow } from "./s3-list.ts";
import type { ArrivedPart } from "./store.ts";

interface Place {
  client: S3Client;
  Bucket: string;
}

/** @returns the upload's id */
export async function beginUpload(
  { client, Bucket }: Place,
  Key: string,
  options: { contentType: string; sha256?: string | undefined },
): Promise<string> {
  const Metadata = options.sha256 === undefined ? undefined : { sha256: options.sha256 };
  const begin = new CreateMultipartUploadCommand({ Bucket, Key, ContentType: options.contentType, Metadata });
  const { UploadId } = await call((abortSignal) => client.send(begin, { abortSignal }), SMALL);
  if (!UploadId) throw new KangKlipError("UNAVAILABLE", "The bucket did not begin an upload in parts");
  return UploadId;
}

/** @returns false where there is no such upload (any more) @throws KangKlipError UPLOAD_FAILED where the parts do not fit */
export async function completeUpload(
  { client, Bucket }: Place,
  upload: { Key: string; UploadId: string; etags: string[] },
): Promise<boolean> {
  const { Key, UploadId, etags } = upload;
  const Parts = etags.map((ETag, index) => ({ PartNumber: index + 1, ETag }));
  const complete = new CompleteMultipartUploadCommand({
    Bucket,
    Key,
    UploadId,
    MultipartUpload: { Parts },
  });
  try {
    const asked = call((abortSignal) => client.send(complete, { abortSignal }), LARGE);
    return (await ifThere(asked)) !== undefined;
  } catch (error) {
    if (!(error instanceof KangKlipError) || error.code !== "UNAVAILABLE") throw error;
    // radosgw 16 says 500 "already in progress" of an upload that it does not know
    const list = new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 1 });
    if (await ifThere(call((abortSignal) => client.send(list, { abortSignal }), SMALL))) throw error;
    return false;
  }
}

/** Gives up the unfinished uploads below a prefix that began before a time (ms since 1970). */
export async function abortUploads(place: Place, prefix: string, before: number): Promise<void> {
  const { client, Bucket } = place;
  for await (const { Key, UploadId, begunAt } of uploadsBelow(place, prefix)) {
    if (begunAt >= before && before < Number.POSITIVE_INFINITY) continue;
    const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
    await ifThere(call((abortSignal) => client.send(abort, { abortSignal }), MEDIUM));
  }
}

/** The parts of an upload that are there, in order; undefined where there is no such upload (any more). */
export async function partsOf(
  { client, Bucket }: Place,
  Key: string,
  UploadId: string,
): Promise<ArrivedPart[] | undefined> {
  const arrived: ArrivedPart[] = [];
  let marker: string | undefined;
  do {
    const list: ListPartsCommand = new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker: marker });
    const page: ListPartsCommandOutput | undefined = await ifThere(
      call((abortSignal) => client.send(list, { abortSignal }), SMALL),
    );
    if (!page) return undefined;
    for (const { PartNumber, Size, ETag } of page.Parts ?? [])
      if (PartNumber && Size !== undefined && ETag)
        arrived.push({ part: PartNumber, sizeBytes: Size, etag: ETag });
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (marker);
  return arrived.toSorted((a, b) => a.part - b.part);
}
