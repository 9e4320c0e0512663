import { Interrupted } from "../failure.ts";
import { bytesIn, joined, pieces, type Span } from "./spans.ts";

/** A server that does not send several ranges in one answer. */
export class NotTogether extends Error {
  override name = "NotTogether";
}

/** Apache takes no more by itself (MaxRanges), and with 24 characters each they stay below the 8 kB that any server takes as a header. */
const MOST_RANGES = 200;
const MOST_BYTES = 8 << 20;
/** What each range costs beside its bytes: its place in the request, and the lines before it in the answer (nginx: 110, Apache: 130). */
const RANGE_BYTES = 160;
/** Of the lines before a part. */
const MOST_HEADER = 2048;

/** Which ranges are asked for together: neighbours, as many as one request takes. Pure. */
export function grouped(spans: readonly Span[]): Span[][] {
  const groups: Span[][] = [];
  let room = 0;
  for (const span of pieces(spans, MOST_BYTES)) {
    const bytes = span[1] - span[0];
    const last = groups.at(-1);
    if (last && last.length < MOST_RANGES && bytes <= room) last.push(span);
    else {
      groups.push([span]);
      room = MOST_BYTES;
    }
    room -= bytes;
  }
  return groups;
}

/** The Range header for these spans. Pure. */
export const rangesOf = (spans: readonly Span[]): string =>
  `bytes=${spans.map(([from, to]) => `${from}-${to - 1}`).join(",")}`;

/** The most that an answer with these ranges may take. Pure. */
export const mostBytesOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, [from, to]) => sum + to - from + MOST_HEADER, MOST_HEADER);

/** What stands between the parts, without its dashes (RFC 2046, 5.1.1); undefined where the answer has no parts. Pure. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const [, quoted, bare] =
    /^multipart\/byteranges\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))/i.exec(
      contentType ?? "",
    ) ?? [];
  return quoted ?? bare;
}

/**
 * The parts of a multipart/byteranges body (RFC 9110, 14.6), in whatever order the server chose. Pure.
 * @param total bytes of the whole file @throws Interrupted where the body is not made of whole parts of a file of that length
 */
export function partsOf(body: Buffer, boundary: string, total: number): { from: number; bytes: Buffer }[] {
  const delimiter = Buffer.from(`--${boundary}`, "latin1");
  const parts: { from: number; bytes: Buffer }[] = [];
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    at += delimiter.length;
    if (body[at] === 0x2d && body[at + 1] === 0x2d) return parts; // the last one has two dashes behind it
    const end = body.subarray(0, at + MOST_HEADER).indexOf("\r\n\r\n", at);
    if (end < 0) break;
    const header = body.toString("latin1", at, end);
    const [, first, last, whole] =
      /\r\ncontent-range:\s*bytes\s+(\d{1,15})-(\d{1,15})\/(\d{1,15})[ \t]*(?:\r\n|$)/i.exec(header) ?? [];
    const [from, to] = [Number(first), Number(last) + 1];
    const start = end + 4;
    if (!(from < to) || Number(whole) !== total || to > total || start + to - from > body.length) break;
    parts.push({ from, bytes: body.subarray(start, start + to - from) });
    at = start + to - from;
    if (
      body[at] !== 0x0d ||
      body[at + 1] !== 0x0a ||
      body.compare(delimiter, 0, delimiter.length, at + 2, at + 2 + delimiter.length) !== 0
    )
      break;
    at += 2;
  }
  throw new Interrupted("not the parts of the file that were asked for");
}

/** How many requests are under way at once. */
export const LANES = 6;
/** 100 Mbit/s: what a machine for this work has at least. */
const BYTES_PER_MS = 12_500;
const [LEAST_REQUEST_BYTES, MOST_REQUEST_BYTES] = [16 * 1024, 128 * 1024];

/**
 * What a request costs in the bytes that could have come meanwhile: each of the lanes waits for its answer while the others go on, so a
 * wait of w ms costs w * 12,500 / 6 bytes. 60 ms, as across a continent, are 128 kB; 8 ms, as from the next CDN, are 16 kB. Of two ranges
 * that are nearer to each other than this, one is made. Pure.
 * @param waitMs the shortest that was measured; infinite: none was
 */
export const requestBytesOf = (waitMs: number): number =>
  Math.min(MOST_REQUEST_BYTES, Math.max(LEAST_REQUEST_BYTES, Math.round((waitMs * BYTES_PER_MS) / LANES)));

/** Longer ranges are split, so that several come at once. */
const PIECE_BYTES = 8 << 20;
/**
 * No server is asked more often than this for one plan where it sends a range at a time: what lies nearest to each other is joined first.
 * An hour in chunks of a second takes 3,600; what is finer has gaps that are hardly worth a request each.
 */
const MOST_REQUESTS = 4000;

/**
 * Each one request for these bytes.
 * @param many whether what lies far apart may be asked for together, where that is cheaper @param requestBytes what a request costs. Pure.
 */
export function planned(missing: readonly Span[], many: boolean, requestBytes: number): Span[][] {
  const single = Array.from(pieces(fewer(joined(missing, requestBytes)), PIECE_BYTES), (span) => [span]);
  if (!many) return single;
  const apart = grouped(joined(missing, RANGE_BYTES));
  return costOf(apart, requestBytes).price < costOf(single, requestBytes).price ? apart : single;
}

/** No more than may be asked for one by one: the shortest gaps are fetched as well. */
function fewer(spans: Span[]): Span[] {
  const excess = spans.length - MOST_REQUESTS;
  if (excess <= 0) return spans;
  const gapBefore = (index: number) => (spans[index]?.[0] ?? 0) - (spans[index - 1]?.[1] ?? 0);
  const gaps = spans.slice(1).map((_, index) => index + 1);
  const filled = new Set(gaps.sort((a, b) => gapBefore(a) - gapBefore(b)).slice(0, excess));
  return spans.reduce<Span[]>((made, span, index) => {
    const last = made.at(-1);
    if (last && filled.has(index)) made[made.length - 1] = [last[0], span[1]];
    else made.push(span);
    return made;
  }, []);
}

export interface Cost {
  /** With what is taken along between what is wanted, and with what stands around each range where there are several in one answer. */
  bytes: number;
  requests: number;
  /** The requests as if they were bytes too. */
  price: number;
  /** Bytes at most: each place takes whole blocks. */
  onDisk: number;
}
/** Of nearly every file system. */
const BLOCK_BYTES = 4096;

export function costOf(plan: readonly Span[][], requestBytes: number): Cost {
  const bytes = plan.reduce(
    (sum, spans) => sum + bytesIn(spans) + (spans.length > 1 ? spans.length * RANGE_BYTES : 0),
    0,
  );
  const places = plan.reduce((sum, { length }) => sum + length, 0);
  const [requests, onDisk] = [plan.length, bytes + places * BLOCK_BYTES];
  return { bytes, requests, price: bytes + requests * requestBytes, onDisk };
}
