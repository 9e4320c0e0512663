/** What the first bytes of an answer are. `extension` is ours, never the sender's. */
export type Sniffed =
  | { kind: "media"; extension: "mp4" | "mkv" | "webm" | "ts" | "avi" | "flv" | "ogg" }
  | { kind: "sound"; extension: "mp3" | "aac" | "wav" | "flac"; name: string }
  | { kind: "hls" | "dash" | "page" | "empty" | "unknown" }
  | { kind: "other"; name: string };

const ascii = (head: Buffer, from: number, to: number) => head.toString("latin1", from, to);
const startsWith = (head: Buffer, magic: Buffer) => head.subarray(0, magic.length).equals(magic);

const EBML = Buffer.from("1a45dfa3", "hex");
const MP4_BOXES = /^(ftyp|moov|moof|mdat|free|skip|wide|pnot|styp|sidx)$/;
const MP4_PICTURES = /^(heic|heix|hevc|mif1|msf1|avif|avis)$/;
/** Known, and not to be read. */
type Other = [firstBytes: Buffer, name: string];
const GZIP: Other = [Buffer.from("1f8b", "hex"), "a gzip archive"];
const OTHERS: Other[] = [
  GZIP,
  [Buffer.from("89504e470d0a1a0a", "hex"), "a PNG picture"],
  [Buffer.from("ffd8ff", "hex"), "a JPEG picture"],
  [Buffer.from("GIF8"), "a GIF picture"],
  [Buffer.from("%PDF"), "a PDF document"],
  [Buffer.from("PK\x03\x04"), "a ZIP archive"],
  [Buffer.from("Rar!"), "a RAR archive"],
  [Buffer.from("3026b2758e66cf11", "hex"), "a Windows Media file"],
  [Buffer.from(".RMF"), "a RealMedia file"],
  [Buffer.from("000001ba", "hex"), "an MPEG program stream"],
  [Buffer.from("ffconcat"), "a list of files"],
];

/**
 * Decides by the first bytes (a few hundred are enough) what a file is; `contentType` counts only where they say nothing.
 * Pure.
 */
export function sniff(head: Buffer, contentType = ""): Sniffed {
  if (head.length === 0) return { kind: "empty" };
  const box = ascii(head, 4, 8);
  if (MP4_BOXES.test(box))
    return box === "ftyp" && MP4_PICTURES.test(ascii(head, 8, 12))
      ? { kind: "other", name: "a picture" }
      : { kind: "media", extension: "mp4" };
  if (startsWith(head, EBML)) return { kind: "media", extension: head.includes("webm") ? "webm" : "mkv" };
  const riff = ascii(head, 0, 4) === "RIFF" ? ascii(head, 8, 12) : "";
  if (riff === "AVI ") return { kind: "media", extension: "avi" };
  if (riff === "WAVE") return { kind: "sound", extension: "wav", name: "WAV" };
  if (riff === "WEBP") return { kind: "other", name: "a WebP picture" };
  if (ascii(head, 0, 4) === "FLV\x01") return { kind: "media", extension: "flv" };
  if (ascii(head, 0, 4) === "OggS") return { kind: "media", extension: "ogg" };
  if (ascii(head, 0, 4) === "fLaC") return { kind: "sound", extension: "flac", name: "FLAC" };
  if (isTransportStream(head)) return { kind: "media", extension: "ts" };
  const sound = soundOf(head);
  if (sound) return sound;
  const isHtml = /^text\/html\b/i.test(contentType);
  const other = OTHERS.find(([magic]) => startsWith(head, magic));
  if (other === GZIP && isHtml) return { kind: "page" }; // compressed though nobody asked for it
  if (other) return { kind: "other", name: other[1] };
  return textOf(head) ?? (isHtml ? { kind: "page" } : { kind: "unknown" });
}

/** 0x47 every 188 bytes, or every 192 with the four time bytes of a camera. */
function isTransportStream(head: Buffer): boolean {
  return (
    [
      [0, 188],
      [4, 192],
    ].some(([first = 0, step = 0]) =>
      [0, 1, 2].every(
        (packet) => head[first + packet * step] === 0x47 || first + packet * step >= head.length,
      ),
    ) && head.length > 188
  );
}

function soundOf(head: Buffer): Sniffed | null {
  const [a = 0, b = 0, c = 0] = head;
  if (ascii(head, 0, 3) === "ID3") return { kind: "sound", extension: "mp3", name: "MP3" };
  if (a !== 0xff) return null;
  if ((b & 0xf6) === 0xf0) return { kind: "sound", extension: "aac", name: "AAC" };
  const isLayer3 = (b & 0xe6) === 0xe2 && (b & 0x18) !== 0x08;
  return isLayer3 && c >> 4 !== 15 && c >> 4 !== 0 ? { kind: "sound", extension: "mp3", name: "MP3" } : null;
}

function textOf(head: Buffer): Sniffed | null {
  const text = decoded(head)
    .replace(/^\uFEFF/, "")
    .trimStart();
  if (text.startsWith("#EXTM3U")) return { kind: "hls" };
  if (text.startsWith("<")) {
    if (/<(\w+:)?MPD[\s>]/.test(text)) return { kind: "dash" };
    if (/<svg[\s>]/.test(text) && !/<html[\s>]/i.test(text)) return { kind: "other", name: "an SVG picture" };
    return { kind: "page" };
  }
  if (/^[[{]/.test(text) && isPrintable(text)) return { kind: "other", name: "JSON text" };
  return null;
}

function decoded(head: Buffer): string {
  const [a, b] = head;
  if (a === 0xff && b === 0xfe) return head.toString("utf16le");
  if (a === 0xfe && b === 0xff)
    return Buffer.from(head.subarray(0, head.length & ~1))
      .swap16()
      .toString("utf16le");
  return head.toString("utf8");
}

const isPrintable = (text: string) => !/\p{Cc}/u.test(text.replace(/[\t\n\f\r]/g, ""));
