import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { planDash } from "../fetch/dash.ts";
import type { Fetcher } from "../fetch/fetcher.ts";
import { planHls } from "../fetch/hls-plan.ts";
import type { Part, StreamPlan } from "../fetch/parts.ts";
import { sniff } from "../fetch/sniff.ts";
import { titleOfAddress } from "../fetch/title.ts";
import { checkSeconds, plausible, probed } from "./file.ts";
import type { Look } from "./look.ts";
import { firstOf, left, opened } from "./remote.ts";
import { frameAt } from "./thumbnail.ts";

/** What is read of one piece of a stream: its first key frame is in there. */
const PIECE_BYTES = 2_500_000;
/** Codecs and sizes of a stream, without pictures. */
const INIT_BYTES = 64 << 10;
const AT = 0.1;

/**
 * Looks at an HLS or DASH stream by its lists and one of its pieces.
 * @throws KangKlipError SOURCE_LIVE, SOURCE_TOO_SHORT, SOURCE_TOO_LONG, SOURCE_UNSUPPORTED …, as the job would
 */
export async function lookAtStream(look: Look, address: string, kind: "hls" | "dash"): Promise<void> {
  const { fetcher, preview } = look;
  preview.title = titleOfAddress(new URL(address));
  const thrifty: Fetcher = {
    ...fetcher,
    text: (list, most) => fetcher.text(list, Math.min(most, left(fetcher))),
  };
  const plan = await planOf(thrifty, address, kind);
  preview.seconds = plausible(plan.durationSeconds);
  preview.height = plan.height;
  preview.has_captions = plan.captions !== null;
  checkSeconds(look, preview.seconds);
  // a piece that cannot be had now may be had by a job
  await lookAtPiece(look, plan).catch((error) => {
    look.signal.throwIfAborted();
    if (error instanceof KangKlipError && error.code === "SOURCE_REFUSED") throw error;
  });
}

async function planOf(fetcher: Fetcher, address: string, kind: "hls" | "dash"): Promise<StreamPlan> {
  if (kind === "hls") return planHls(fetcher, address, "auto");
  const { text, url } = await fetcher.text(address, left(fetcher));
  return planDash(text, url, "auto");
}

async function lookAtPiece(look: Look, { video }: StreamPlan): Promise<void> {
  const [run] = video.runs;
  const [first, ...others] = run?.parts ?? [];
  if (!first) return;
  const begin = await bytesOf(look, first, INIT_BYTES);
  const found = begin && sniff(begin);
  if (!begin || found?.kind !== "media") return;
  // an init section holds an index and no pictures
  const isInit = found.extension === "mp4" && begin.length < INIT_BYTES && !begin.includes("moof");
  const later = others[Math.floor(others.length * AT)] ?? first;
  const piece =
    isInit || later !== first
      ? await bytesOf(look, later, PIECE_BYTES)
      : await bytesOf(look, first, PIECE_BYTES);
  if (!piece) return;
  const bytes = isInit ? Buffer.concat([begin, piece]) : piece;
  const file = join(look.dir, `piece.${found.extension}`);
  // a piece that is a list or a page must not reach ffmpeg
  if (sniff(bytes).kind !== "media") return;
  await writeFile(file, bytes);
  const info = await probed(look, file);
  look.preview.thumbnail = await frameAt(look, file, info.video, 0);
}

/** The beginning of a part; undefined where it is encrypted. */
async function bytesOf(
  { fetcher }: Look,
  { address, range, key }: Part,
  most: number,
): Promise<Buffer | undefined> {
  if (key) return undefined;
  const length = Math.min(most, range?.length ?? most, left(fetcher));
  if (length === 0) return undefined;
  const start = range?.start ?? 0;
  // without a range of its own it is asked for as the job asks for it
  const answer = await opened(
    fetcher,
    address,
    range ? { range: `bytes=${start}-${start + length - 1}` } : {},
  );
  try {
    if (range && answer.status !== 206) return undefined;
    return await firstOf(answer, length);
  } finally {
    answer.cancel();
  }
}
