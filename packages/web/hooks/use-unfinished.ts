import { useMemo, useSyncExternalStore } from "react";
import { trpc } from "../lib/trpc.ts";
import {
  forgetUpload,
  type KeptUpload,
  onUploadsChange,
  parseUploads,
  readUploads,
} from "../lib/upload-memory.ts";

/** Files that were sent from this browser within a day, in part or whole, and the way to throw one away. */
export function useKeptUploads() {
  const { mutate: drop } = trpc.uploads.drop.useMutation();
  const text = useSyncExternalStore(onUploadsChange, readUploads, () => "[]");
  const uploads = useMemo(() => parseUploads(text), [text]);
  return {
    uploads,
    throwAway(upload: KeptUpload) {
      forgetUpload(upload);
      drop({ upload_id: upload.upload_id, upload_token: upload.upload_token }); // where that fails, the API does so in a day
    },
  };
}
