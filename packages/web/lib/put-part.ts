import { type PutEnd, putEndOf, UploadFailure } from "./part-upload.ts";

/** A line on which nothing moves for this long is taken for broken. */
const STILL_MS = 60_000;

/** Whether the bytes are still to be had: a browser refuses to read a file that was changed, moved or pulled out. */
async function isReadable(blob: Blob): Promise<boolean> {
  try {
    await blob.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** Sends bytes to an address by PUT. `onBytes`: how many have left so far. @throws the signal's reason, and nothing else */
export async function putPart(
  url: string,
  bytes: Blob,
  onBytes: (sent: number) => void,
  signal: AbortSignal,
): Promise<PutEnd> {
  signal.throwIfAborted();
  if (!(await isReadable(bytes))) return { end: "failed", failure: new UploadFailure("changed") };
  const answer = await send(url, bytes, onBytes, signal);
  // a file that is changed while it is read looks like a broken line
  if (answer.end === "again" && answer.why === "unreachable" && !(await isReadable(bytes)))
    return { end: "failed", failure: new UploadFailure("changed") };
  return answer;
}

function send(
  url: string,
  bytes: Blob,
  onBytes: (sent: number) => void,
  signal: AbortSignal,
): Promise<PutEnd> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest(); // fetch cannot tell how much of a body has been sent
    let still = setTimeout(giveUp, STILL_MS);
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    function giveUp() {
      request.abort();
    }
    function moved() {
      clearTimeout(still);
      still = setTimeout(giveUp, STILL_MS);
    }
    function end() {
      clearTimeout(still);
      signal.removeEventListener("abort", stop);
    }
    request.open("PUT", url);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = ({ loaded }) => {
      moved();
      onBytes(loaded);
    };
    request.onload = () => {
      end();
      resolve(putEndOf(request.status, request.responseText, request.getResponseHeader("retry-after")));
    };
    request.onerror = () => {
      end();
      resolve(putEndOf(0, "", null));
    };
    request.onabort = () => {
      end();
      if (signal.aborted) reject(signal.reason);
      else resolve(putEndOf(0, "", null)); // nothing moved
    };
    request.send(bytes);
  });
}
