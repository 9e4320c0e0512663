import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { call, MEDIUM } from "./s3-call.ts";

interface Place {
  client: S3Client;
  Bucket: string;
}

/** Keys, a page (up to 1000) at a time. */
export async function* objectsBelow({ client, Bucket }: Place, Prefix: string): AsyncGenerator<string[]> {
  let ContinuationToken: string | undefined;
  do {
    const list = new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken });
    const page = await call((abortSignal) => client.send(list, { abortSignal }), MEDIUM);
    const keys = (page.Contents ?? []).flatMap(({ Key }) => Key ?? []);
    if (keys.length > 0) yield keys;
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
}

interface BegunUpload {
  Key: string;
  UploadId: string;
  /** ms since 1970; later than any time where the server does not say. */
  begunAt: number;
}

/** Uploads in parts that have begun and not ended. */
export async function* uploadsBelow({ client, Bucket }: Place, Prefix: string): AsyncGenerator<BegunUpload> {
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (marker) {
    const list: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({ Bucket, Prefix, ...marker });
    const page: ListMultipartUploadsCommandOutput = await call(
      (abortSignal) => client.send(list, { abortSignal }),
      MEDIUM,
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
      if (Key?.startsWith(Prefix) && UploadId)
        yield { Key, UploadId, begunAt: Initiated?.getTime() ?? Number.POSITIVE_INFINITY };
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    marker =
      page.IsTruncated && KeyMarker ? { KeyMarker, ...(UploadIdMarker && { UploadIdMarker }) } : undefined;
  }
}
