import { UploadId } from "@kangklip/contract";
import { z } from "zod";

const PREFIX = "kk:upload:";
const CHANGED = "kk:upload-changed";
/** For as long the API keeps what was sent. */
const KEPT_MS = 24 * 3_600_000;

/** A file that is, or was, on its way: what it takes to go on. */
export const KeptUpload = z.object({
  upload_id: UploadId,
  upload_token: z.string().min(1).max(200),
  name: z.string(),
  size_bytes: z.int().min(1),
  /** As the browser tells it, milliseconds since 1970. */
  last_modified: z.number(),
  /** As `fileMark` gives it. */
  mark: z.string().nullable(),
  /** When it began, milliseconds since 1970. */
  began_ms: z.number(),
  /** All of it was sent. */
  whole: z.boolean(),
});
export type KeptUpload = z.infer<typeof KeptUpload>;

type FileFacts = Pick<File, "name" | "size" | "lastModified">;

/** Under which name what is known of a file's upload is kept. Pure. */
export const uploadKey = ({ name, size, lastModified }: FileFacts): string =>
  `${PREFIX}${size}:${lastModified}:${name}`;

/** What was kept, if it is still of use. Pure. */
export function parseUpload(text: string | null, nowMs: number): KeptUpload | null {
  try {
    const kept = KeptUpload.parse(JSON.parse(text ?? "null"));
    return nowMs - kept.began_ms < KEPT_MS && kept.began_ms <= nowMs ? kept : null;
  } catch {
    return null;
  }
}

/** What is known of an upload of this file, or null. @param mark of the file; another one is another file */
export function readUpload(file: FileFacts, mark: string | null): KeptUpload | null {
  const kept = parseUpload(read(uploadKey(file)), Date.now());
  return kept?.mark === mark ? kept : null;
}

/** Keeps what it takes to go on with an upload. */
export function keepUpload(upload: KeptUpload): void {
  write(keyOf(upload), JSON.stringify(upload));
}

/** Forgets an upload: a file like it begins anew. */
export function forgetUpload(upload: Pick<KeptUpload, "name" | "size_bytes" | "last_modified">): void {
  write(keyOf(upload), null);
}

const keyOf = ({
  name,
  size_bytes,
  last_modified,
}: Pick<KeptUpload, "name" | "size_bytes" | "last_modified">) =>
  uploadKey({ name, size: size_bytes, lastModified: last_modified });

/** Everything that is kept, as text, so that what has not changed stays the same value. What is too old is thrown away. */
export function readUploads(): string {
  try {
    const keys = Object.keys(window.localStorage).filter((key) => key.startsWith(PREFIX));
    const kept = keys.flatMap((key) => {
      const upload = parseUpload(read(key), Date.now());
      if (!upload) window.localStorage.removeItem(key);
      return upload ? [upload] : [];
    });
    return JSON.stringify(kept.sort((a, b) => b.began_ms - a.began_ms));
  } catch {
    return "[]";
  }
}

/** The uploads in a text of `readUploads`, the newest first. Pure. */
export const parseUploads = (text: string): KeptUpload[] => z.array(KeptUpload).parse(JSON.parse(text));

function read(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null; // it begins anew next time
  }
}

function write(key: string, text: string | null) {
  try {
    if (text === null) window.localStorage.removeItem(key);
    else window.localStorage.setItem(key, text);
  } catch {
    // it begins anew next time
  }
  window.dispatchEvent(new Event(CHANGED));
}

/** Calls back when something was kept or forgotten, in this tab or another; gives the way to stop that. */
export function onUploadsChange(changed: () => void): () => void {
  window.addEventListener("storage", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    window.removeEventListener("storage", changed);
    window.removeEventListener(CHANGED, changed);
  };
}
