import type { Readable } from "node:stream";
import { request } from "undici";

export interface PutOptions {
  url: string;
  headers: Record<string, string>;
  body: Readable | Iterable<Buffer>;
  signal: AbortSignal;
  /** A connection on which nothing moves for this long is given up. */
  idleMs: number;
}

/** Why a PUT did not work. */
export interface PutFailure {
  /** The store's word for it ("SlowDown", "AccessDenied"), its HTTP status, or what became of the connection. */
  code: string;
  /** Answered with no, and not with "later". */
  refused: boolean;
  /** Refused for what the link may do, not for what was sent. */
  denied: boolean;
  cause: unknown;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const LATER = /^(SlowDown|RequestTimeout|InternalError|ServiceUnavailable|TooManyRequests)$/;

/** One PUT to a signed link. @returns the ETag, or why not @throws the signal's reason */
export async function putBytes({
  url,
  headers,
  body,
  signal,
  idleMs,
}: PutOptions): Promise<{ etag: string } | PutFailure> {
  try {
    const answer = await request(url, {
      method: "PUT",
      headers,
      body: body as Readable,
      signal,
      headersTimeout: idleMs, // begins anew with each piece that is sent
      bodyTimeout: idleMs,
    });
    const { statusCode } = answer;
    if (statusCode >= 200 && statusCode < 300) {
      await answer.body.dump();
      return { etag: String(answer.headers.etag ?? "") };
    }
    const code = wordOf(await textOf(answer.body)) ?? `HTTP ${statusCode}`;
    const isLater = statusCode >= 500 || statusCode === 408 || statusCode === 429 || LATER.test(code);
    const denied = [301, 307, 401, 403, 404].includes(statusCode) && code !== "NoSuchUpload";
    const cause = new Error(`a PUT was answered ${statusCode} ${code}`);
    return { code, refused: !isLater, denied: denied && !isLater, cause };
  } catch (error) {
    signal.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code ?? "connection broken";
    return { code, refused: false, denied: false, cause: error };
  }
}

/** The code of an S3 error or of the API's, letters only, whoever it is that answers. */
const wordOf = (text: string) =>
  (/<Code>([A-Za-z0-9]{1,60})<\/Code>/.exec(text) ?? /"code":"([A-Z_]{1,60})"/.exec(text))?.[1];

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString();
}
