import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type FetchPolicy, KangKlipError, parseSourceUrl } from "@kangklip/contract";
import { type Dispatcher, errors, request } from "undici";
import { failureOf, StatusError, TooSlow } from "./failure.ts";
import { createGuardedAgent, type Resolve, systemResolve } from "./guard.ts";

/** How long a server may take. Tests are less patient. */
interface Patience {
  /** For finding the address of a name and connecting to it. */
  connectMs: number;
  headersMs: number;
  idleMs: number;
  /** Wait before the second try; doubles with each further one. */
  retryMs: number;
  /** A body that brings less than `slowBytes` in this time is given up. */
  slowMs: number;
  slowBytes: number;
}
const PATIENCE: Patience = {
  connectMs: 10_000,
  headersMs: 30_000,
  idleMs: 30_000,
  retryMs: 1000,
  slowMs: 60_000,
  slowBytes: 240_000, // 4 kB a second; four pieces come at once, so that a line of 128 kbit/s will do
};
const MAX_REDIRECTS = 5;
const TRIES_WITHOUT_PROGRESS = 5;
const MAX_TRIES = 40;
const MAX_WAIT_SECONDS = 30;
/** What the parse wall takes as a whole. A signed address behind a redirect may be longer: its query is not looked at. */
const MAX_TYPED = 2048;
const MAX_SIGNED = 16_384;
/** What servers say of a range that they do not like, or of any. */
const NO_RANGES = [400, 416, 501];
/** Enough to tell media, playlists and pages apart. */
const HEAD_BYTES = 2048;

/** An answer whose body has not been read yet. */
export interface Opened {
  /** Where it came from after redirects; relative addresses inside count from here. */
  url: URL;
  status: number;
  headers: IncomingHttpHeaders;
  body: AsyncIterable<Buffer>;
  /** Gives the connection up; harmless after the end. */
  cancel(): void;
}

/** Headers (names in lower case) for a request to this address. */
export type Dress = (url: URL) => Record<string, string>;

export interface Fetcher {
  /** One GET through the parse wall, the redirects followed by hand. Throws what `failureOf` explains. */
  open(address: string, headers?: Record<string, string>): Promise<Opened>;
  /**
   * `open` with retries; also gives the first bytes, which stay part of the body.
   * @param headBytes where the server does that, an answer with no more than these; else, and by default, with all of it
   */
  look(address: string, headBytes?: number): Promise<Opened & { head: Buffer }>;
  /** A small text such as a playlist, with retries. @throws KangKlipError SOURCE_UNREADABLE where it is longer. */
  text(address: string, maxBytes: number): Promise<{ text: string; url: URL }>;
  /** Repeats what may pass, with back-off; `progressed` says whether a failed try got further than any before it. */
  retrying<T>(address: string, work: () => Promise<T>, progressed?: () => boolean): Promise<T>;
  /** Counts kept bytes; negative for those thrown away. @throws KangKlipError SOURCE_TOO_LARGE */
  charge(bytes: number): void;
  /** @throws KangKlipError SOURCE_TOO_LARGE where `bytes` more would not fit. */
  reserve(bytes: number): void;
  /** All bytes that arrived, also those of tries that failed. */
  wireBytes(): number;
  /** All requests, redirects and tries that failed included. */
  requests(): number;
  /** The same fetcher with one more reason to stop. */
  until(signal: AbortSignal): Fetcher;
  /** The same fetcher that says more of itself: what `dress` gives for where each request goes, redirects included. */
  dressed(dress: Dress): Fetcher;
  close(): Promise<void>;
}

export interface FetcherOptions {
  policy: FetchPolicy;
  signal: AbortSignal;
  resolve?: Resolve;
  patience?: Partial<Patience>;
}

/** Everything that our own code fetches from outside goes through one of these: addresses, time-outs and bytes are checked here. */
export function createFetcher({
  policy,
  signal,
  resolve = systemResolve,
  patience,
}: FetcherOptions): Fetcher {
  const { connectMs, headersMs, idleMs, retryMs, slowMs, slowBytes } = { ...PATIENCE, ...patience };
  const agent = createGuardedAgent(policy, resolve, connectMs);
  let kept = 0;
  let wire = 0;
  let requests = 0;

  async function* steady(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let since = performance.now();
    let seen = 0;
    for await (const chunk of body) {
      wire += chunk.length;
      seen += chunk.length;
      if (performance.now() - since > slowMs) {
        if (seen < slowBytes) throw new TooSlow(`only ${seen} bytes in ${slowMs} ms`);
        since = performance.now();
        seen = 0;
      }
      yield chunk;
    }
  }

  function build(until: AbortSignal, dress: Dress): Fetcher {
    async function open(address: string, headers: Record<string, string> = {}): Promise<Opened> {
      let url = wall(address);
      for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
        until.throwIfAborted();
        const answer = await answerOf(url, { ...dress(url), ...headers });
        answer.body.on("error", () => {}); // whoever reads it gets the error as well
        const cancel = () => void answer.body.destroy();
        const { statusCode: status } = answer;
        if (status === 200 || status === 206)
          return { url, status, headers: answer.headers, body: steady(answer.body), cancel };
        cancel();
        const { location } = answer.headers;
        if (![301, 302, 303, 307, 308].includes(status) || typeof location !== "string")
          throw new StatusError(status, secondsOf(answer.headers["retry-after"]));
        url = redirectOf(location, url);
      }
      throw new KangKlipError("SOURCE_UNREACHABLE", `${url.hostname} redirects without end`);
    }

    /** All of it where the server does not give the first part as it should. */
    async function openHead(address: string, headBytes: number): Promise<Opened> {
      let part: Opened;
      try {
        part = await open(address, { range: `bytes=0-${headBytes - 1}` });
      } catch (cause) {
        if (!(cause instanceof StatusError) || !NO_RANGES.includes(cause.status)) throw cause;
        return open(address);
      }
      const isFirst = /^bytes 0-\d{1,15}\/\d{1,15}$/.test(part.headers["content-range"] ?? "");
      if (part.status !== 206 || isFirst) return part;
      part.cancel();
      return open(address);
    }

    /** undici begins its own time-out for headers anew with every interim answer, so there is one for all of them. */
    async function answerOf(url: URL, headers: Record<string, string>): Promise<Dispatcher.ResponseData> {
      const late = new AbortController();
      requests++;
      const timer = setTimeout(() => late.abort(new errors.HeadersTimeoutError()), connectMs + headersMs);
      try {
        return await request(url, {
          dispatcher: agent,
          signal: AbortSignal.any([until, late.signal]),
          headersTimeout: headersMs,
          bodyTimeout: idleMs,
          headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "KangKlip/2", ...headers },
        });
      } finally {
        clearTimeout(timer);
      }
    }

    function redirectOf(location: string, from: URL): URL {
      if (!URL.canParse(location, from.href))
        throw new KangKlipError("SOURCE_UNREACHABLE", `${from.hostname} redirects to no valid address`);
      const to = wall(new URL(location, from).href);
      if (from.protocol === "https:" && to.protocol === "http:")
        throw new KangKlipError(
          "SOURCE_REFUSED",
          `${from.hostname} redirects to an address without encryption`,
        );
      return to;
    }

    function wall(address: string): URL {
      try {
        if (address.length <= MAX_TYPED || address.length > MAX_SIGNED || !URL.canParse(address))
          return parseSourceUrl(address, policy);
        const bare = new URL(address);
        const { search } = bare;
        bare.search = "";
        bare.hash = "";
        const checked = parseSourceUrl(bare.href, policy);
        checked.search = search;
        return checked;
      } catch (cause) {
        if (!(cause instanceof KangKlipError) || cause.code !== "INVALID_INPUT") throw cause;
        const message = "The source leads to an address that cannot be fetched";
        throw new KangKlipError("SOURCE_REFUSED", message, { cause });
      }
    }

    async function retrying<T>(
      address: string,
      work: () => Promise<T>,
      progressed = () => false,
    ): Promise<T> {
      const host = URL.canParse(address) ? new URL(address).hostname : "the address";
      for (let tries = 1, stalls = 0; ; tries++) {
        try {
          return await work();
        } catch (cause) {
          until.throwIfAborted();
          const failure = failureOf(cause, host);
          if (!failure) throw cause;
          stalls = progressed() && !(cause instanceof TooSlow) ? 0 : stalls + 1;
          if (!failure.retry || stalls >= TRIES_WITHOUT_PROGRESS || tries >= MAX_TRIES) throw failure.error;
          const waitMs = failure.waitSeconds === null ? retryMs * 2 ** stalls : failure.waitSeconds * 1000;
          await sleep(waitMs, undefined, { signal: until }).catch(() => until.throwIfAborted());
        }
      }
    }

    return {
      retrying,
      open,
      look: (address, headBytes) =>
        retrying(address, async () => {
          const opened = await (headBytes ? openHead(address, headBytes) : open(address));
          const chunks = opened.body[Symbol.asyncIterator]();
          let head = Buffer.alloc(0);
          while (head.length < HEAD_BYTES) {
            const { done, value } = await chunks.next();
            if (done) break;
            head = Buffer.concat([head, value]);
          }
          return { ...opened, head, body: followedBy(head, chunks) };
        }),
      text: (address, maxBytes) =>
        retrying(address, async () => {
          const opened = await open(address);
          const chunks: Buffer[] = [];
          let size = 0;
          for await (const chunk of opened.body) {
            size += chunk.length;
            if (size > maxBytes)
              throw new KangKlipError(
                "SOURCE_UNREADABLE",
                `${opened.url.hostname} sends a list that is too long`,
              );
            chunks.push(chunk);
          }
          return { text: Buffer.concat(chunks).toString("utf8"), url: opened.url };
        }),
      charge(bytes) {
        kept += bytes;
        if (kept > policy.max_bytes) throw tooLarge(policy.max_bytes);
      },
      reserve(bytes) {
        if (kept + bytes > policy.max_bytes) throw tooLarge(policy.max_bytes);
      },
      wireBytes: () => wire,
      requests: () => requests,
      until: (other) => build(AbortSignal.any([until, other]), dress),
      dressed: (other) => build(until, other),
      close: () => agent.destroy(),
    };
  }
  return build(signal, () => ({}));
}

/** Said wherever the cap on bytes is met. */
export const tooLarge = (maxBytes: number) =>
  new KangKlipError(
    "SOURCE_TOO_LARGE",
    `The video is larger than the ${Math.round(maxBytes / 1e6)} MB allowed here`,
  );

async function* followedBy(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function secondsOf(retryAfter: string | string[] | undefined): number | null {
  const seconds = Number(retryAfter ?? Number.NaN); // a date instead of seconds is not worth the trouble
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, MAX_WAIT_SECONDS) : null;
}
