import type { Fetcher, Opened } from "../fetcher.ts";
import type { Run } from "../parts.ts";
import { sniff } from "../sniff.ts";
import { isSame, isStrong, type Validators, validatorsOf } from "../validators.ts";
import type { PageFormat } from "../yt-dlp-formats.ts";
import { boxHeader, HEADER_BYTES, NotByNeed } from "./mp4-boxes.ts";
import { refuseEncryptedIn } from "./mp4-index.ts";
import { SourceChanged } from "./range-address.ts";
import { HEAD_BYTES } from "./range-file.ts";
import { pieces as inPieces } from "./spans.ts";
import { ELEMENT_HEADER_BYTES, elementAt, readCues, readWebmHead } from "./webm-index.ts";

/** Sites slow down whoever asks for all of a file at once. */
const SOUND_PIECE_BYTES = 8 << 20;
/** Enough to see what a file is. */
const SNIFF_BYTES = 2048;
/** Of a four-hour file with a key frame every second 300 kB. */
const MAX_CUES_BYTES = 4 << 20;

/**
 * A fetcher that makes sure that parts of one file are never mixed with those of another: an address whose first answer was remembered
 * must go on giving that file.
 */
export interface Pinned {
  fetcher: Fetcher;
  remember(address: string, validators: Validators): void;
}

export function pinned(inner: Fetcher): Pinned {
  const versions = new Map<string, Validators>();
  const checked = (one: Fetcher): Fetcher => ({
    ...one,
    until: (signal) => checked(one.until(signal)),
    async open(address, headers) {
      const answer = await one.open(address, headers);
      const then = versions.get(address);
      if (!then || isSame(then, validatorsOf(answer))) return answer;
      answer.cancel();
      throw new SourceChanged();
    },
  });
  return {
    fetcher: checked(inner),
    remember: (address, validators) => void versions.set(address, validators),
  };
}

export function addressOf({ url }: PageFormat): string {
  if (!url) throw new NotByNeed("the site does not say where it is");
  return url;
}

interface Looking extends Pinned {
  durationSeconds: number;
}

/** A file that is fetched as a whole (`isWhole`) or by the pieces that its own index names. */
export async function fileRun(
  { fetcher, remember, durationSeconds }: Looking,
  format: PageFormat,
  isWhole: boolean,
): Promise<Run> {
  const opened = await fetcher.look(addressOf(format), isWhole ? SNIFF_BYTES : HEAD_BYTES);
  try {
    const found = sniff(opened.head, opened.headers["content-type"]);
    if (found.kind !== "media" && found.kind !== "sound")
      throw new NotByNeed("its address gives no media file");
    const validators = validatorsOf(opened);
    const address = opened.url.href;
    const name = JSON.stringify(validators);
    const givesRanges = opened.status === 206 && validators.length !== null;
    if (isWhole && !givesRanges)
      return { parts: [{ address, range: null, key: null, name }], durationSeconds };
    if (!givesRanges) throw new NotByNeed("the server does not give ranges of it");
    if (!isStrong(validators)) throw new NotByNeed("the server does not say when it changes");
    remember(address, validators);
    const part = { address, key: null, name };
    if (isWhole) {
      const parts = Array.from(inPieces([[0, validators.length ?? 0]], SOUND_PIECE_BYTES), ([from, to]) => ({
        ...{ ...part, range: { start: from, length: to - from } },
      }));
      return { parts, durationSeconds };
    }
    const head = await headOf(opened);
    if (found.extension === "webm" || found.extension === "mkv") {
      const looked = { fetcher, address, sizeBytes: validators.length ?? 0 };
      const { header, pieces } = await webmPieces(looked, head);
      return {
        parts: [header, ...pieces.map((piece) => piece.range)].map((range) => ({ ...part, range })),
        ...{ durationSeconds, lengths: [null, ...pieces.map(({ seconds }) => seconds)] },
      };
    }
    const index = indexIn(head);
    return { parts: [{ ...part, range: null }], durationSeconds, index };
  } finally {
    opened.cancel();
  }
}

async function headOf({ body }: Opened): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= HEAD_BYTES) break;
  }
  return Buffer.concat(chunks);
}

/** Where the header and the index of a file in fragments lie. Pure. @throws NotByNeed where it has none, or is encrypted */
function indexIn(head: Buffer): NonNullable<Run["index"]> {
  for (let at = 0; at + HEADER_BYTES <= head.length; ) {
    const { type, header, size } = boxHeader(head, at, Number.MAX_SAFE_INTEGER - at);
    if (type === "sidx") return { header: { start: 0, length: at }, index: { start: at, length: size } };
    if (type === "moof" || type === "mdat") break;
    if (type === "moov") {
      if (at + size > head.length) throw new NotByNeed("its header is too long");
      refuseEncryptedIn(head, { type, from: at + header, to: at + size });
    }
    at += size;
  }
  throw new NotByNeed("the file has no index of its pieces");
}

/** The header and the pieces of a WebM or Matroska file, from its own list of them. @throws NotByNeed; what the fetcher throws */
async function webmPieces(
  { fetcher, address, sizeBytes }: { fetcher: Fetcher; address: string; sizeBytes: number },
  bytes: Buffer,
) {
  const head = readWebmHead(bytes, sizeBytes);
  const begins = await bytesAt(fetcher, address, head.cues, head.cues + ELEMENT_HEADER_BYTES);
  const { to } = elementAt(begins, 0, head.to - head.cues);
  if (!(to <= MAX_CUES_BYTES)) throw new NotByNeed("its index is too long");
  const pieces = readCues(await bytesAt(fetcher, address, head.cues, head.cues + to), head);
  return { header: { start: 0, length: head.firstCluster }, pieces };
}

async function bytesAt(fetcher: Fetcher, address: string, from: number, to: number): Promise<Buffer> {
  return fetcher.retrying(address, async () => {
    const answer = await fetcher.open(address, { range: `bytes=${from}-${to - 1}` });
    try {
      if (!answer.headers["content-range"]?.startsWith(`bytes ${from}-`))
        throw new NotByNeed("the server does not give ranges of it");
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of answer.body) {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= to - from) break;
      }
      return Buffer.concat(chunks).subarray(0, to - from);
    } finally {
      answer.cancel();
    }
  });
}
