import { z } from "zod";
import { seen } from "../captions/sanitize.ts";
import { runFfprobe, type Tools } from "../media/ffmpeg.ts";

const MAX_TITLE = 300;
const MEDIA_SUFFIX = /\.(mp4|m4v|mov|mkv|webm|ts|m2ts|avi|flv|ogv|ogg|m3u8|mpd|mp3|wav)$/i;
/** Names that servers give and that say nothing. */
const EMPTY_NAMES =
  /^(index|master|manifest|playlist|video|videoplayback|stream|download|file|source|main|media|output|untitled)?$/i;

/** One line of at most 300 characters without control and direction characters; null where nothing is left. Pure. */
export function cleanTitle(text: string | null | undefined): string | null {
  const line = seen(
    (text ?? "")
      .slice(0, 20 * MAX_TITLE)
      .toWellFormed()
      .replaceAll("\ufffd", ""),
  );
  return (
    line
      .slice(0, MAX_TITLE)
      .toWellFormed()
      .replace(/[\ufffd\s\u200c\u200d]+$/u, "") || null
  );
}

/** A title from a file's name: without folder and extension, underscores as spaces; null where the name says nothing. Pure. */
export function titleOfFile(name: string | null | undefined): string | null {
  const base = (name ?? "").split(/[/\\]/).at(-1) ?? "";
  const title = cleanTitle(base.replace(MEDIA_SUFFIX, "").replaceAll("_", " "));
  return title && !EMPTY_NAMES.test(title) ? title : null;
}

/** The same from the last part of an address's path. Pure. */
export function titleOfAddress({ pathname }: URL): string | null {
  const last = pathname.split("/").filter(Boolean).at(-1) ?? "";
  return titleOfFile(decoded(last));
}

/** The name in a Content-Disposition header (RFC 6266): `filename*` before `filename`; null where there is none. Pure. */
export function nameInDisposition(header: string | string[] | undefined): string | null {
  const text = typeof header === "string" ? header : "";
  const [, extended] = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(text) ?? [];
  if (extended) return decoded(extended);
  const [, quoted, bare] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i.exec(text) ?? [];
  const name = quoted?.replace(/\\(.)/g, "$1") ?? bare;
  return name === undefined ? null : decoded(fromLatin1(name));
}

/** Header bytes come as one character each, though most servers mean UTF-8; undici has decoded some of them already. */
function fromLatin1(text: string): string {
  const utf8 = Buffer.from(text, "latin1").toString("utf8");
  return /[\u0100-\uffff]/.test(text) || utf8.includes("\ufffd") ? text : utf8;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const Tagged = z.object({ format: z.object({ tags: z.record(z.string(), z.string()).default({}) }) });

/** The title that a media file carries in itself; null where it carries none. */
export async function embeddedTitle(tools: Tools, file: string, signal: AbortSignal): Promise<string | null> {
  const args = ["-show_entries", "format_tags=title", "-of", "json", file];
  const said = await runFfprobe(tools, { args, signal }).catch(() => "{}");
  signal.throwIfAborted();
  const tags = Tagged.safeParse(JSON.parse(said));
  return tags.success ? cleanTitle(tags.data.format.tags.title ?? tags.data.format.tags.TITLE) : null;
}
