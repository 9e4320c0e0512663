import { KangKlipError } from "@kangklip/contract";
import { languageOf } from "./language.ts";
import { MAX_PARTS, type Part } from "./parts.ts";
import type { ByteRange } from "./save.ts";
import type { Variant } from "./variant.ts";

export interface HlsVariant extends Variant {
  address: string;
  audioGroup: string | null;
  subtitlesGroup: string | null;
}
export interface Rendition {
  type: "AUDIO" | "SUBTITLES";
  group: string;
  /** Null: the sound is inside the variant itself. */
  address: string | null;
  language: string | null;
  isDefault: boolean;
  isForced: boolean;
}
export interface HlsSegment extends Part {
  durationSeconds: number;
  /** Must come before it in the file (`EXT-X-MAP`). */
  init: Part | null;
  discontinuity: boolean;
}
export type Playlist =
  | { kind: "master"; variants: HlsVariant[]; renditions: Rendition[] }
  | { kind: "media"; segments: HlsSegment[]; ended: boolean };

const MAX_VARIANTS = 500;

/**
 * Reads an HLS playlist (RFC 8216), master or media. Pure.
 * @throws KangKlipError SOURCE_UNREADABLE for what is none, SOURCE_UNSUPPORTED for encryption other than AES-128 and for variables.
 */
export function parsePlaylist(text: string, base: URL): Playlist {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  if (!lines[0]?.startsWith("#EXTM3U")) throw unreadable("is not a playlist");
  if (lines.some((line) => line.startsWith("#EXT-X-DEFINE")))
    throw new KangKlipError("SOURCE_UNSUPPORTED", "The HLS playlist uses variables, which are not supported");
  if (lines.some((line) => line.startsWith("#EXT-X-STREAM-INF"))) return parseMaster(lines, base);
  if (lines.some((line) => line.startsWith("#EXT-X-TARGETDURATION"))) return parseMedia(lines, base);
  throw new KangKlipError("SOURCE_UNSUPPORTED", "The address gives a list of files, not one video");
}

function parseMaster(lines: string[], base: URL): Playlist {
  const variants: HlsVariant[] = [];
  const renditions: Rendition[] = [];
  let pending: Attributes | null = null;
  for (const line of lines) {
    if (variants.length > MAX_VARIANTS || renditions.length > MAX_VARIANTS) throw unreadable("is too long");
    if (line.startsWith("#EXT-X-STREAM-INF:")) pending = attributesOf(line);
    else if (line.startsWith("#EXT-X-MEDIA:")) {
      const { TYPE, "GROUP-ID": group = "", URI, LANGUAGE, DEFAULT, FORCED } = attributesOf(line);
      if (TYPE === "AUDIO" || TYPE === "SUBTITLES")
        renditions.push({
          type: TYPE,
          group,
          address: URI === undefined ? null : absolute(URI, base),
          language: languageOf(LANGUAGE),
          isDefault: DEFAULT === "YES",
          isForced: FORCED === "YES",
        });
    } else if (!line.startsWith("#") && pending) {
      const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(pending.RESOLUTION ?? "") ?? [];
      variants.push({
        address: absolute(line, base),
        width: width ? Number(width) : null,
        height: height ? Number(height) : null,
        bandwidth: Number(pending.BANDWIDTH) || 0,
        codecs: pending.CODECS ?? null,
        audioGroup: pending.AUDIO ?? null,
        subtitlesGroup: pending.SUBTITLES ?? null,
      });
      pending = null;
    }
  }
  return { kind: "master", variants, renditions };
}

function parseMedia(lines: string[], base: URL): Playlist {
  const segments: HlsSegment[] = [];
  let ended = false;
  let sequence = 0;
  let durationSeconds = 0;
  let discontinuity = false;
  let isGap = false;
  let key: { address: string; iv: Buffer | null } | null = null;
  let init: Part | null = null;
  let rangeText: string | null = null;
  const rangeEnds = new Map<string, number>();
  const keyFor = (number: number) => key && { address: key.address, iv: key.iv ?? sequenceIv(number) };

  for (const line of lines) {
    const value = line.slice(line.indexOf(":") + 1);
    if (line.startsWith("#EXTINF:")) durationSeconds = Math.max(0, Number.parseFloat(value) || 0);
    else if (line.startsWith("#EXT-X-BYTERANGE:")) rangeText = value;
    else if (line === "#EXT-X-DISCONTINUITY") discontinuity = true;
    else if (line === "#EXT-X-GAP") isGap = true;
    else if (line === "#EXT-X-ENDLIST" || line === "#EXT-X-PLAYLIST-TYPE:VOD") ended = true;
    else if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:"))
      sequence = /^\d{1,15}$/.test(value) ? Number(value) : 0;
    else if (line.startsWith("#EXT-X-KEY:")) key = keyOf(attributesOf(line), base);
    else if (line.startsWith("#EXT-X-MAP:")) {
      const { URI = "", BYTERANGE } = attributesOf(line);
      init = {
        address: absolute(URI, base),
        range: BYTERANGE ? rangeOf(BYTERANGE, 0) : null,
        key: key?.iv ? { address: key.address, iv: key.iv } : null,
      };
    } else if (!line.startsWith("#")) {
      if (segments.length >= MAX_PARTS) throw unreadable("is too long");
      const address = absolute(line, base);
      const range: ByteRange | null = rangeText ? rangeOf(rangeText, rangeEnds.get(address) ?? 0) : null;
      if (range) rangeEnds.set(address, range.start + range.length);
      if (!isGap)
        segments.push({ address, range, key: keyFor(sequence), durationSeconds, init, discontinuity });
      sequence += 1;
      discontinuity = isGap; // times jump over a gap
      isGap = false;
      rangeText = null;
    }
  }
  return { kind: "media", segments, ended };
}

function keyOf(attributes: Attributes, base: URL): { address: string; iv: Buffer | null } | null {
  const { METHOD = "", URI, IV, KEYFORMAT = "identity" } = attributes;
  if (METHOD === "NONE") return null;
  if (METHOD !== "AES-128" || KEYFORMAT !== "identity" || URI === undefined) {
    const name = /^[A-Z0-9-]{1,20}$/.test(METHOD) ? METHOD : "an unknown method";
    throw new KangKlipError(
      "SOURCE_UNSUPPORTED",
      `The stream is protected with ${name}, which cannot be read`,
    );
  }
  const [, digits] = /^0x([0-9a-f]{1,32})$/i.exec(IV ?? "") ?? [];
  return { address: absolute(URI, base), iv: digits ? Buffer.from(digits.padStart(32, "0"), "hex") : null };
}

/** Without an IV it is the segment's number, big-endian (RFC 8216, 5.2). */
function sequenceIv(sequence: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeBigUInt64BE(BigInt(sequence), 8);
  return iv;
}

function rangeOf(text: string, follows: number): ByteRange {
  const [, length, start] = /^(\d{1,15})(?:@(\d{1,15}))?$/.exec(text) ?? [];
  if (!length || Number(length) === 0) throw unreadable("has a byte range that cannot be read");
  return { start: start === undefined ? follows : Number(start), length: Number(length) };
}

type Attributes = Partial<Record<string, string>>;

function attributesOf(line: string): Attributes {
  const found: Attributes = Object.create(null);
  for (const [, name = "", quoted, bare] of line.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))/g))
    found[name] = quoted ?? bare?.trim() ?? "";
  return found;
}

function absolute(address: string, base: URL): string {
  if (!URL.canParse(address, base.href)) throw unreadable("names an address that cannot be read");
  return new URL(address, base).href;
}

const unreadable = (what: string) => new KangKlipError("SOURCE_UNREADABLE", `The HLS playlist ${what}`);
