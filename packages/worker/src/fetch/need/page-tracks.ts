import { KangKlipError } from "@kangklip/contract";
import { planHls } from "../hls-plan.ts";
import { MAX_PARTS, type Part, type Run, type StreamPlan, type Track } from "../parts.ts";
import { type PageFormat, saidBytes } from "../yt-dlp-formats.ts";
import { NotByNeed } from "./mp4-boxes.ts";
import { addressOf, fileRun, type Pinned } from "./page-file.ts";

/** The picture of a page and the sound beside it; null: the sound is in the picture's pieces, or there is none. */
export interface Pair {
  picture: PageFormat;
  sound: PageFormat | null;
}

/**
 * How a page's picture is fetched piece by piece, and its sound whole.
 * @throws NotByNeed where the picture's pieces are not known; what the fetcher throws; KangKlipError SOURCE_LIVE, SOURCE_UNSUPPORTED
 */
export async function planOfPage(
  { fetcher, remember }: Pinned,
  { picture, sound }: Pair,
  { durationSeconds, language }: { durationSeconds: number; language: string },
): Promise<StreamPlan> {
  const trackOf = async (format: PageFormat): Promise<StreamPlan> => {
    const told = { fetcher, remember, durationSeconds };
    const plan = isStream(format)
      ? await planHls(fetcher, addressOf(format), language)
      : asPlan({
          runs: [
            isFile(format)
              ? await fileRun(told, format, format === sound)
              : fragmentsRun(format, durationSeconds),
          ],
          offsetSeconds: 0,
        });
    named(plan.video, `${format.format_id}`);
    if (plan.audio) named(plan.audio, `${format.format_id} sound`);
    const bandwidth = bitsOf(format, durationSeconds) ?? plan.video.bandwidth;
    return { ...plan, video: { ...plan.video, ...(bandwidth !== undefined && { bandwidth }) } };
  };
  const seen = await trackOf(picture);
  const heard = sound && (await trackOf(sound));
  return {
    ...seen,
    audio: heard ? heard.video : seen.audio,
    durationSeconds,
    height: picture.height ?? seen.height,
    codecs: picture.vcodec ?? null,
  };
}

const isStream = ({ protocol }: PageFormat) => /^m3u8(_native)?$/.test(protocol ?? "");
export const isFile = ({ protocol, url }: PageFormat): boolean =>
  protocol ? /^https?$/.test(protocol) : /^https?:/.test(url ?? "");

const asPlan = (video: Track): StreamPlan => ({
  ...{ way: "dash", video, audio: null, captions: null },
  ...{ durationSeconds: 0, height: null, codecs: null },
});

/** Addresses are signed anew with each look, and come from other hosts; what they lead to keeps its name. */
function named({ runs }: Track, format: string): void {
  for (const [run, { parts }] of runs.entries())
    for (const [index, part] of parts.entries()) part.name = [format, run, index, part.name ?? ""].join("/");
}

function bitsOf(format: PageFormat, seconds: number): number | undefined {
  const bytes = saidBytes(format);
  if (bytes !== null && seconds > 0) return (8 * bytes) / seconds;
  return format.tbr ? format.tbr * 1000 : undefined;
}

/** The pieces that yt-dlp read from a DASH manifest. Those without a length are headers; more than one means that it starts anew. */
function fragmentsRun(format: PageFormat, durationSeconds: number): Run {
  const { protocol, fragments, fragment_base_url: base } = format;
  if (protocol !== "http_dash_segments") throw new NotByNeed("it comes in a way that is not fetched by need");
  if (!fragments || fragments.length === 0) throw new NotByNeed("the site does not say where its pieces are");
  if (fragments.length > MAX_PARTS) throw new NotByNeed("it has too many pieces");
  const parts = fragments.map(({ url, path, range }): Part => {
    const [address, from] = [url ?? path ?? "", base ?? format.url ?? undefined];
    if (address === "" || range !== undefined || !URL.canParse(address, from))
      throw new NotByNeed("the site does not say where its pieces are");
    return { address: new URL(address, from).href, range: null, key: null };
  });
  return { parts, durationSeconds, lengths: fragments.map(({ duration }) => duration ?? null) };
}

/** Whether all of it by yt-dlp may do better, and why, in plain words; null: it would not. Pure. */
export function whyNotByNeed(error: unknown): string | null {
  if (error instanceof NotByNeed) return error.message;
  const tells = error instanceof KangKlipError && MAY_DO_BETTER.includes(error.code);
  return tells ? `our own fetcher did not get it (${error.code}: ${error.message})` : null;
}

/** What yt-dlp knows a way around, or waits for; what is too large, too long or refused by our own rules stays so. */
const MAY_DO_BETTER = [
  ...["SOURCE_BLOCKED", "SOURCE_NOT_FOUND", "SOURCE_UNREACHABLE", "SOURCE_UNREADABLE"],
  ...["SOURCE_UNSUPPORTED", "SOURCE_TRUNCATED", "SOURCE_LIVE", "NO_VIDEO"],
];
