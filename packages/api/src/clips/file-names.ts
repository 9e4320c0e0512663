import type { ClipFile } from "@kangklip/contract";

const MOST_LETTERS = 80;
/** Of what is looked at: a worker may call a clip anything, and looking for its end takes the square of its length. */
const MOST_LOOKED_AT = 2000;
/** Of UTF-8: file systems take 255, and a number, a dot and an ending come to it. */
const MOST_BYTES = 200;
/** What Windows takes for a device, whatever ending it has (Microsoft, "Naming Files, Paths, and Namespaces"). */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/i;

/**
 * A title as part of a file's name on any system: nothing that leads to another folder, is not to be seen, turns the reading direction or that
 * Windows refuses. Pure. @param otherwise what it is called where nothing is left
 */
export function fileName(title: string, otherwise: string): string {
  const clean = title
    .slice(0, MOST_LOOKED_AT)
    .toWellFormed()
    .normalize("NFC")
    .replace(/[\p{C}\p{Zl}\p{Zp}\ufffd]/gu, " ")
    .replace(/[<>:"/\\|?*]/g, " ")
    .replace(/\s+/g, " ");
  const name = trimmed(shortened(trimmed(clean)));
  if (name === "") return otherwise;
  const [stem = ""] = name.split(".");
  return DEVICE.test(stem.trim()) ? `_${name}` : name;
}

/** The name under which people keep a clip: "01 How bees talk". Clips of a job never have the same one. Pure. */
export const clipName = (file: ClipFile, title: string): string =>
  `${file.slice(5, 7)} ${fileName(title, "Clip")}`;

/** Dots and spaces at the ends: the beginning would hide it, Windows drops those at the end. */
const trimmed = (text: string) => text.replace(/^[\s.]+|[\s.]+$/gu, "");

/** Whole letters only, as many as fit. */
function shortened(text: string): string {
  let short = "";
  let bytes = 0;
  let letters = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    bytes += Buffer.byteLength(segment);
    if (bytes > MOST_BYTES || ++letters > MOST_LETTERS) break;
    short += segment;
  }
  return short;
}
