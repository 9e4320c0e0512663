import { z } from "zod";
import type { WhisperPiece } from "./whisper-child.ts";

/** Longest answer for one part of the sound, in bytes. Five minutes of speech are 0.3 MB of it. */
export const MOST_OUTPUT_BYTES = 16 * 1024 ** 2;
const MOST_PIECES = 50_000;
/** whisper.cpp recognises windows of 30 s, and the last one reaches beyond the end. */
const WINDOW_MS = 30_000;

const Output = z.object({
  result: z.object({ language: z.string().nullish() }),
  transcription: z
    .array(z.object({ offsets: z.object({ from: z.number(), to: z.number() }), text: z.string().max(4000) }))
    .max(MOST_PIECES),
});

/**
 * What whisper-cli wrote with `-oj -ml 1`: one segment per token, milliseconds from the start of its part. Its writer escapes nothing
 * but quotes and backslashes, prints numbers as C++ does ("-nan"), and cuts tokens inside of letters: all that is mended.
 * @param seconds length of the part
 * @throws Error where it is no such file, or tells of times that the part does not have
 */
export function readOutput(
  bytes: Buffer,
  seconds: number,
): { language: string | null; pieces: WhisperPiece[] } {
  if (bytes.length > MOST_OUTPUT_BYTES) throw new Error("its output is larger than it can be");
  const { result, transcription } = Output.parse(JSON.parse(mended(bytes)));
  const most = seconds * 1000 + WINDOW_MS;
  const pieces: { bytes: Buffer; t0: number; t1: number }[] = [];
  for (const { text, offsets } of transcription) {
    const [t0, t1] = [offsets.from, Math.max(offsets.from, offsets.to)];
    if (!(t0 >= -WINDOW_MS && t1 <= most))
      throw new Error(`it tells of a word at ${t1 / 1000} s of ${seconds} s`);
    const part = Buffer.from(text, "latin1");
    const last = pieces.at(-1);
    // half a letter, and the half that follows
    if (last && missingBytes(last.bytes) > 0 && isContinuation(part[0]))
      Object.assign(last, { bytes: Buffer.concat([last.bytes, part]), t1: Math.max(last.t1, t1) });
    else pieces.push({ bytes: part, t0, t1 });
  }
  const { language } = result;
  return {
    language: language && /^[a-z]{2,3}$/.test(language) ? language : null,
    pieces: pieces.map(({ bytes: text, t0, t1 }) => ({ text: text.toString("utf8"), t0, t1 })),
  };
}

/** As Latin-1, so that each byte stays one character whatever stands in the texts. */
function mended(bytes: Buffer): string {
  return (
    bytes
      .toString("latin1")
      .replace(/(?<!\\)(": )-?(?:nan|inf)(?=,?\s)/g, "$1null")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they may stand in a text, where JSON has no place for them
      .replace(/[\u0000-\u001f]/g, " ")
  );
}

const isContinuation = (byte: number | undefined) => byte !== undefined && byte >= 0x80 && byte < 0xc0;

/** How many bytes the last letter still lacks in UTF-8. */
function missingBytes(text: Buffer): number {
  for (let back = 1; back <= Math.min(4, text.length); back++) {
    const byte = text[text.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return Math.max(0, length - back);
  }
  return 0;
}
