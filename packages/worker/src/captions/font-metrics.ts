/** What a line's width is made of, read from a font file. */
export interface FontMetrics {
  /** Pixels of `text` on one line at an ASS font size (see `emPerSize`). */
  width(text: string, size: number): number;
  has(codePoint: number): boolean;
}

/** Shares of an em for characters that the font lacks and another font of the machine will draw. */
const UNKNOWN_EM = 0.75;
const WIDE_EM = 1.05;
const WIDE =
  /[\p{Extended_Pictographic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uff60]/u;
const WITHOUT_WIDTH = /[\p{M}\u200d]/u;

/**
 * Reads a font's character map and advance widths (OpenType tables cmap formats 4 and 12, hmtx, head, hhea, OS/2).
 * Kerning is left out: it makes a line narrower by a little, so the figure is on the safe side.
 * An ASS font size is the height of ascender and descender together, so one em is `size * unitsPerEm / (winAscent + winDescent)`
 * pixels (libass, ass_face_set_size).
 * @param font its bytes, or what reads `length` of them at `offset`. @param face which font of a collection (.ttc)
 * @throws Error where the bytes are no such font: the shipped one always is.
 */
export function readFontMetrics(font: Buffer | ReadBytes, face = 0): FontMetrics {
  const read: ReadBytes = Buffer.isBuffer(font)
    ? (offset, length) => font.subarray(offset, offset + length)
    : font;
  const isCollection = read(0, 4).toString("latin1") === "ttcf";
  const start = isCollection ? read(12 + 4 * face, 4).readUInt32BE(0) : 0;
  const count = read(start + 4, 2).readUInt16BE(0);
  const directory = read(start + 12, 16 * count);
  const table = (name: string) => {
    for (let entry = 0; entry < directory.length; entry += 16)
      if (directory.toString("latin1", entry, entry + 4) === name)
        return read(directory.readUInt32BE(entry + 8), directory.readUInt32BE(entry + 12));
    throw new Error(`The font has no ${name} table`);
  };
  const os2 = table("OS/2");
  const head = table("head");
  const unitsPerEm = head.readUInt16BE(18);
  const emPerSize = unitsPerEm / (os2.readUInt16BE(74) + os2.readUInt16BE(76));
  const advances = table("hhea").readUInt16BE(34);
  const hmtx = table("hmtx");
  const glyphs = readCharacterMap(table("cmap"));

  const own = (codePoint: number) => {
    const glyph = glyphs.get(codePoint);
    if (glyph === undefined) return null;
    return (hmtx.readUInt16BE(4 * Math.min(glyph, advances - 1)) / unitsPerEm) * emPerSize;
  };
  const shareOf = (character: string) =>
    own(character.codePointAt(0) ?? 0) ?? guessedEm(character) * emPerSize;
  return {
    width: (text, size) => Array.from(text, shareOf).reduce((sum, share) => sum + share, 0) * size,
    has: (codePoint) => glyphs.has(codePoint),
  };
}

/** Bytes of a file, as many as there are. */
type ReadBytes = (offset: number, length: number) => Buffer;

function guessedEm(character: string): number {
  if (WITHOUT_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? WIDE_EM : UNKNOWN_EM;
}

/** Code point to glyph number, from the fullest Unicode subtable. */
function readCharacterMap(cmap: Buffer): Map<number, number> {
  const glyphs = new Map<number, number>();
  for (let i = 0; i < cmap.readUInt16BE(2); i++) {
    const subtable = cmap.subarray(cmap.readUInt32BE(4 + 8 * i + 4));
    const format = subtable.readUInt16BE(0);
    if (format === 12) {
      for (let group = 0; group < subtable.readUInt32BE(12); group++) {
        const [first, last, glyph] = [0, 4, 8].map((at) => subtable.readUInt32BE(16 + 12 * group + at));
        for (let code = first ?? 0; code <= (last ?? -1); code++)
          glyphs.set(code, (glyph ?? 0) + code - (first ?? 0));
      }
    } else if (format === 4) {
      const segments = subtable.readUInt16BE(6) / 2;
      const part = (row: number, segment: number) =>
        14 + row * segments * 2 + (row > 0 ? 2 : 0) + segment * 2;
      for (let segment = 0; segment < segments; segment++) {
        const last = subtable.readUInt16BE(part(0, segment));
        const first = subtable.readUInt16BE(part(1, segment));
        const delta = subtable.readUInt16BE(part(2, segment));
        const range = subtable.readUInt16BE(part(3, segment));
        for (let code = first; code <= last && code < 0xffff; code++) {
          const at = part(3, segment) + range + 2 * (code - first);
          const glyph = range === 0 ? code : subtable.readUInt16BE(at);
          if (glyph !== 0) glyphs.set(code, (glyph + delta) & 0xffff);
        }
      }
    }
  }
  return glyphs;
}
