import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { FetchedSource, SourceByNeed, StageContext } from "../../stage.ts";
import type { Ends } from "../checks.ts";
import type { Fetcher } from "../fetcher.ts";
import { dressOf } from "../page-headers.ts";
import { sniff } from "../sniff.ts";
import { validatorsOf } from "../validators.ts";
import {
  hasSoundOnly,
  type PageFormat,
  type PageFormats,
  pairOf,
  saidBytes,
  sameFormats,
} from "../yt-dlp-formats.ts";
import { fetchRanged, isRangedAt, reopenRanged } from "./by-ranges.ts";
import { addressOf, pinned } from "./page-file.ts";
import { isFile, type Pair, planOfPage, whyNotByNeed } from "./page-tracks.ts";
import { SourceChanged } from "./range-address.ts";
import { HEAD_BYTES } from "./range-file.ts";
import { identityOf, piecesOf } from "./stream-pieces.ts";
import { reopenStream, streamByNeed } from "./stream-source.ts";

/** How a page is asked, and what the job wants of it. */
interface Page {
  /** Has yt-dlp look once more: addresses run out. */
  again(): Promise<PageFormats>;
  /** Smaller ones are fetched whole. */
  fromBytes: number;
  checkRoom(bytes: number): Promise<void>;
}

/** A page's video of which the sound is here. */
export interface PageByNeed {
  file: string;
  way: "ranges" | "segments";
  info?: FetchedSource["info"];
  ends?: Ends;
  sha256: string;
  sizeBytes: number | undefined;
  /** Does not close the fetcher. */
  need: SourceByNeed;
}

/**
 * Fetches the formats that yt-dlp has chosen as any file or stream is fetched: the sound first, pictures when somebody asks. With the
 * headers that the site wants, through the same guards; where addresses have run out, yt-dlp is asked once more.
 * @returns the video, or in plain words why all of it is left to yt-dlp; nothing stays behind then
 * @throws KangKlipError where yt-dlp would get no further: SOURCE_REFUSED, SOURCE_TOO_*, DISK_FULL; the abort's reason
 */
export async function pageByNeed(
  context: StageContext,
  fetcher: Fetcher,
  formats: PageFormats,
  { again, fromBytes, checkRoom }: Page,
): Promise<PageByNeed | { reason: string }> {
  const pair = pairOf(formats);
  if (typeof pair === "string") return { reason: pair };
  const tooSmall = `it has less than ${Math.round(fromBytes / 1e6)} MB`;
  const said = [pair.picture, ...(pair.sound ? [pair.sound] : [])].map(saidBytes);
  const saidTotal = said.reduce((sum, bytes) => (sum !== null && bytes !== null ? sum + bytes : null), 0);
  if (saidTotal !== null && saidTotal < fromBytes) return { reason: tooSmall };
  const { video, durationSeconds } = formats;
  const ids = [pair.picture, ...(pair.sound ? [pair.sound] : [])].map(({ format_id }) => format_id ?? "");
  const book = addressBook({ video, durationSeconds, ids }, again, pair);
  const pin = pinned(fetcher.dressed(dressOf(book.now)));
  const file = join(context.dir, "source.mp4");
  const asPage = (way: PageByNeed["way"], need: SourceByNeed) => packedAs(need, { way, ...book.names });
  try {
    if (isFile(pair.picture) && !pair.sound) {
      const address = addressOf(pair.picture);
      const first = await pin.fetcher.look(address, HEAD_BYTES);
      const found = sniff(first.head, first.headers["content-type"]);
      const { length } = validatorsOf(first);
      const why =
        found.kind !== "media" || found.extension !== "mp4"
          ? "only MP4 and MOV files are fetched by ranges"
          : length !== null && length < fromBytes
            ? tooSmall
            : null;
      if (why !== null) {
        first.cancel();
        return { reason: why };
      }
      const options = { address, path: file, first, checkRoom, again: book.picture };
      // until all of the sound is here yt-dlp could still do it
      const waited = { ...options, soundWithinMs: Number.POSITIVE_INFINITY };
      const { need, ...ranged } = await fetchRanged(context, pin.fetcher, waited);
      return { ...ranged, file, way: "ranges", need: asPage("ranges", need) };
    }
    const { job } = context;
    const plan = (now: Pair) => planOfPage(pin, now, { ...book.names, language: job.language });
    const first = await plan(pair);
    if (!first.audio && formats.all.some(hasSoundOnly))
      return { reason: "yt-dlp does not say which sound belongs to it" };
    const stream = await streamByNeed(context, pin.fetcher, first, {
      ...{ clips: job.edit ? 1 : job.clip_count, seconds: job.clip_duration_seconds },
      again: async () => plan(await book.renewed()),
    });
    if ("reason" in stream) return stream;
    const { need, captions: _, ...rest } = stream;
    return { ...rest, way: "segments", need: asPage("segments", need) };
  } catch (error) {
    await rm(file, { force: true });
    context.signal.throwIfAborted();
    const reason = whyNotByNeed(error);
    if (reason === null) throw error;
    return { reason };
  }
}

/** By what a page's formats are found again. */
const Names = z.object({
  video: z.string(),
  ids: z.array(z.string()).min(1).max(2),
  durationSeconds: z.number(),
});
type Names = z.infer<typeof Names>;

/** What whoever opens a kept page again has to know; addresses and headers are not kept. */
const State = z.object({ page: Names.extend({ way: z.enum(["ranges", "segments"]) }), inner: z.unknown() });

function packedAs(need: SourceByNeed, page: z.infer<typeof State>["page"]): SourceByNeed {
  const { packed } = need;
  if (!packed) return need;
  return {
    ...need,
    async packed(into) {
      const { files, state } = await packed(into);
      return { files, state: { page, inner: state } satisfies z.infer<typeof State> };
    },
  };
}

/** By what a stream that was kept is known. */
const Known = z.object({ sha256: z.string() });

/** Whether what was kept is a page's. Pure. */
export const isPage = (state: unknown): boolean => State.safeParse(state).success;

/** Where a page's formats are now: as they were found first, or as yt-dlp finds them once more. */
function addressBook(names: Names, again: Page["again"], first?: Pair) {
  let known = first;
  let asking: Promise<Pair> | undefined;
  const ask = async (): Promise<Pair> => {
    const [picture, sound = null] = sameFormats(await again(), names) ?? [];
    if (!picture) throw new SourceChanged();
    known = { picture, sound };
    return known;
  };
  const renewed = (): Promise<Pair> => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  return {
    names,
    now: (): PageFormat[] => (known ? [known.picture, ...(known.sound ? [known.sound] : [])] : []),
    renewed,
    /** The picture's address; another than the one that has run out. */
    async picture(ranOut: string): Promise<string> {
      const there = known?.picture.url;
      return there && there !== ranOut ? there : addressOf((await renewed()).picture);
    },
  };
}

/**
 * Opens what was kept of a page's video. yt-dlp is asked when something is wanted that is not there.
 * @param kept.names of the packed files in the attempt's folder @param kept.file where the video is put
 * @param kept.isFresh false: make sure first that the site still has the same video
 * @throws SourceChanged where it has not; Error where it is not what was kept
 */
export async function reopenPage(
  context: StageContext,
  fetcher: Fetcher,
  kept: { state: unknown; names: readonly string[]; file: string; isFresh: boolean; again: Page["again"] },
): Promise<SourceByNeed> {
  const { page, inner } = State.parse(kept.state);
  const { job, dir } = context;
  const book = addressBook(page, kept.again);
  const pin = pinned(fetcher.dressed(dressOf(book.now)));
  const again = async () => planOfPage(pin, await book.renewed(), { ...page, language: job.language });
  if (!kept.isFresh && !(await isThere())) throw new SourceChanged();
  if (page.way === "ranges") {
    const [packed = ""] = kept.names;
    const where = { path: kept.file, address: "", again: book.picture };
    const ranged = await reopenRanged(pin.fetcher, { ...where, kept: join(dir, packed), state: inner });
    return packedAs(ranged, page);
  }
  const stream = await reopenStream(context, pin.fetcher, { state: inner, dir, file: kept.file, again });
  return packedAs(stream, page);

  async function isThere(): Promise<boolean> {
    if (page.way === "segments") {
      const plan = await again();
      const pieces = await piecesOf(pin.fetcher, plan.video, join(dir, ".index"));
      return identityOf(plan, pieces) === Known.safeParse(inner).data?.sha256;
    }
    return isRangedAt(inner, await book.picture(""), pin.fetcher);
  }
}
