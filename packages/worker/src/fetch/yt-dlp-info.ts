import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import { languageMatches } from "./language.ts";

const text = z.string().nullish().catch(null);
const number = z.number().nullish().catch(null);
const Track = z.object({ ext: text, url: text, data: text, name: text });
const Tracks = z.record(z.string(), z.array(Track).catch([])).nullish().catch(null);
const Format = z.object({
  vcodec: text,
  acodec: text,
  filesize: number,
  format_id: text,
  height: number,
  ext: text,
  protocol: text,
});
/** What yt-dlp fetches by itself, through its proxy. */
const BY_HTTP = /^(https?|m3u8(_native)?|http_dash_segments(_generator)?|ism|f4m)$/;

/** What we read of yt-dlp's answer. The site wrote most of it, so a field of the wrong type counts as missing. */
const Info = z.object({
  id: text,
  title: text,
  duration: number,
  webpage_url: text,
  extractor_key: text,
  uploader: text,
  channel: text,
  upload_date: text,
  description: text,
  language: text,
  view_count: number,
  live_status: text,
  is_live: z.boolean().nullish().catch(null),
  height: number,
  vcodec: text,
  acodec: text,
  protocol: text,
  format: text,
  filesize: number,
  tags: z.array(z.string()).nullish().catch(null),
  categories: z.array(z.string()).nullish().catch(null),
  chapters: z
    .array(z.object({ start_time: z.number(), end_time: z.number().nullish(), title: text }))
    .nullish()
    .catch(null),
  heatmap: z
    .array(z.object({ start_time: z.number(), end_time: z.number(), value: z.number() }))
    .nullish()
    .catch(null),
  formats: z.array(Format.catch({})).nullish().catch(null),
  requested_formats: z.array(Format.catch({})).nullish().catch(null),
  subtitles: Tracks,
  automatic_captions: Tracks,
});
export type Info = z.infer<typeof Info>;

const Answer = z.union([
  z.object({ _type: z.enum(["playlist", "multi_video"]), entries: z.array(z.unknown()) }),
  Info,
]);

/**
 * Reads `yt-dlp -J`. Of a list, its first video.
 * @returns the video and whether it stood in a list. @throws KangKlipError SOURCE_UNSUPPORTED for an empty list or another answer.
 */
export function readInfo(stdout: string): { info: Info; isFromList: boolean } {
  const unusable = (cause?: unknown) =>
    new KangKlipError("SOURCE_UNSUPPORTED", "yt-dlp found no video at the address", { cause });
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch (cause) {
    throw unusable(cause);
  }
  const parsed = Answer.safeParse(answer);
  if (!parsed.success) throw unusable(parsed.error);
  if (!("entries" in parsed.data)) return { info: parsed.data, isFromList: false };
  const first = Info.safeParse(parsed.data.entries.find((entry) => entry !== null));
  if (!first.success) throw unusable(first.error);
  return { info: first.data, isFromList: true };
}

/**
 * Refuses what is not worth fetching (live, no picture) and what would not come through the proxy.
 * @throws KangKlipError SOURCE_LIVE, NO_VIDEO, SOURCE_UNSUPPORTED
 */
export function checkInfo(info: Info): void {
  const { is_live, live_status, formats, requested_formats, vcodec } = info;
  if (is_live || live_status === "is_live")
    throw new KangKlipError("SOURCE_LIVE", "The video is live and has not ended yet");
  if (live_status === "is_upcoming") throw new KangKlipError("SOURCE_LIVE", "The video has not begun yet");
  const all = formats && formats.length > 0 ? formats : [{ vcodec }];
  if (all.every((format) => format.vcodec === "none"))
    // a missing codec is unknown, not absent
    throw new KangKlipError("NO_VIDEO", "The address gives sound only");
  const chosen = requested_formats && requested_formats.length > 0 ? requested_formats : [info];
  if (chosen.some(({ protocol }) => protocol && !BY_HTTP.test(protocol)))
    throw new KangKlipError("SOURCE_UNSUPPORTED", "The video comes by another protocol than http");
}

/** Bytes of the chosen formats, null where the site does not say. Pure. */
export function sizeOf({ requested_formats, filesize }: Info): number | null {
  if (!requested_formats || requested_formats.length === 0) return filesize ?? null;
  const sizes = requested_formats.map((format) => format.filesize ?? Number.NaN);
  const sum = sizes.reduce((a, b) => a + b, 0);
  return Number.isFinite(sum) ? sum : null;
}

export interface SubtitleChoice {
  address: string | null;
  text: string | null;
  language: string;
  automatic: boolean;
}

/**
 * Which subtitles to take: people's in the wanted language, people's in the spoken one, then automatic ones in the spoken
 * one (never an automatic translation, unless the site does not say what is spoken). "auto" wants the spoken language. Pure.
 */
export function chooseSubtitles(info: Info, wanted: string): SubtitleChoice | null {
  const spoken = info.language ?? originalIn(info.automatic_captions);
  const written = wanted === "auto" ? spoken : wanted;
  const heard = spoken ?? (wanted === "auto" ? null : wanted);
  return (
    pick(info.subtitles, written, false) ??
    pick(info.subtitles, heard, false) ??
    pick(info.automatic_captions, heard, true) ??
    (spoken ? null : onlyOne(info.subtitles))
  );
}

/** YouTube marks the spoken language as "en-orig". */
function originalIn(tracks: Info["automatic_captions"]): string | null {
  const code = Object.keys(tracks ?? {}).find((name) => name.endsWith("-orig"));
  return code?.replace(/-orig$/, "") ?? null;
}

function pick(tracks: Info["subtitles"], wanted: string | null, automatic: boolean): SubtitleChoice | null {
  const codes = Object.keys(tracks ?? {}).filter((code) => languageMatches(code, wanted));
  const best = [`${wanted}-orig`, wanted, ...codes].find((code) => code && codes.includes(code));
  const track = tracks?.[best ?? ""]?.find(({ ext, url, data }) => ext === "vtt" && (url || data));
  return track
    ? { address: track.url ?? null, text: track.data ?? null, language: wanted ?? "", automatic }
    : null;
}

function onlyOne(tracks: Info["subtitles"]): SubtitleChoice | null {
  const codes = Object.keys(tracks ?? {}).filter((code) => code !== "live_chat");
  return codes.length === 1 ? pick(tracks, codes[0] ?? null, false) : null;
}

/** The part of the answer that is kept in meta.json: no addresses of media, no headers, no cookies. Pure. */
export function keptInfo(info: Info): Record<string, unknown> {
  const { formats: _, requested_formats: chosen, subtitles, automatic_captions, ...rest } = info;
  return {
    ...rest,
    requested_formats: chosen ?? null,
    subtitles: Object.keys(subtitles ?? {}),
    automatic_captions: Object.keys(automatic_captions ?? {}).length,
  };
}
