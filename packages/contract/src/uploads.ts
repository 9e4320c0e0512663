import { z } from "zod";
import { UploadId } from "./job.ts";

/** `POST /api/uploads`: where to PUT a file of one's own. */
export const CreateUpload = z.object({
  filename: z.string().min(1).max(300),
  size_bytes: z.int().min(1),
});
export const CreatedUpload = z.object({
  upload_id: z.string(),
  /** Relative to the API's base, or an address of the bucket; send the bytes as they are, as application/octet-stream. */
  put_url: z.string(),
  expires_in: z.int(),
  /** The other way, which goes on where it was cut off: see `uploads.parts`. */
  upload_token: z.string(),
});
export type CreatedUpload = z.infer<typeof CreatedUpload>;

const OfUpload = z.object({ upload_id: UploadId, upload_token: z.string().min(1).max(200) });

/** `uploads.parts`: what has arrived of a file that is sent in parts, and where the next missing ones go. */
export const UploadPartsInput = OfUpload;
export const UploadParts = z.object({
  size_bytes: z.int(),
  /** All parts are this long but the last. Part 1 begins at byte 0. */
  part_bytes: z.int().min(1),
  /** How many there are in all. */
  parts: z.int().min(1),
  /** Numbers of those that are there, in order. */
  arrived: z.array(z.int().min(1)),
  /** Links for the first that are missing, in order: PUT each one's bytes; ask again for more. */
  missing: z.array(z.object({ part: z.int().min(1), size_bytes: z.int().min(1), put_url: z.string() })),
  /** The file is whole: a job can be made of it. */
  complete: z.boolean(),
});
export type UploadParts = z.infer<typeof UploadParts>;

/** `uploads.complete`: makes the file of its parts; doing it again is harmless. */
export const CompleteUploadInput = OfUpload;
/** `uploads.drop`: the file is not wanted after all. */
export const DropUploadInput = OfUpload;
