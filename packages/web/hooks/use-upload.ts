import { KangKlipError, Problem } from "@kangklip/contract";
import { useRef, useState } from "react";
import { apiUrl } from "../lib/config.ts";
import { trpc } from "../lib/trpc.ts";

/**
 * Sends a file of one's own. `upload` gives the id for `jobs.create`; a file that was sent whole is not sent again when only the
 * job could not be made. `fraction`: 0..1 while sending, else null.
 * @throws (by `upload`) KangKlipError CANCELLED after `cancel`, UNAVAILABLE when the connection breaks, or what the API answered
 */
export function useUpload() {
  const { mutateAsync: createUpload } = trpc.uploads.create.useMutation();
  const [fraction, setFraction] = useState<number | null>(null);
  const sending = useRef<XMLHttpRequest>(null);
  const sent = useRef<{ file: File; uploadId: string }>(null);

  async function upload(file: File): Promise<string> {
    if (sent.current?.file === file) return sent.current.uploadId;
    setFraction(0);
    try {
      const { upload_id, put_url } = await createUpload({ filename: file.name, size_bytes: file.size });
      const request = new XMLHttpRequest(); // fetch cannot tell how much of a body has been sent
      sending.current = request;
      await put(request, apiUrl(put_url), file, setFraction);
      sent.current = { file, uploadId: upload_id };
      return upload_id;
    } finally {
      sending.current = null;
      setFraction(null);
    }
  }
  return { upload, fraction, cancel: () => sending.current?.abort() };
}

function put(request: XMLHttpRequest, url: string, file: File, onFraction: (fraction: number) => void) {
  return new Promise<void>((resolve, reject) => {
    request.open("PUT", url);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => onFraction(total > 0 ? loaded / total : 0);
    request.onload = () => (request.status < 300 ? resolve() : reject(refusal(request)));
    request.onerror = () =>
      reject(new KangKlipError("UNAVAILABLE", "The connection broke while the file was being sent"));
    request.onabort = () => reject(new KangKlipError("CANCELLED", "The upload was cancelled"));
    request.send(file);
  });
}

function refusal({ status, responseText }: XMLHttpRequest): KangKlipError {
  try {
    const { code, detail } = Problem.parse(JSON.parse(responseText));
    return new KangKlipError(code ?? "UNAVAILABLE", detail);
  } catch {
    return new KangKlipError("UNAVAILABLE", `The file was not taken (HTTP ${status})`);
  }
}
