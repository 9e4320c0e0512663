import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import { GroupError, runGroup } from "../fetch/child-group.ts";
import { createEgressProxy } from "../fetch/egress-proxy.ts";
import { tooLarge } from "../fetch/fetcher.ts";
import { cleanTitle } from "../fetch/title.ts";
import { ytDlpFailure } from "../fetch/yt-dlp-failure.ts";
import { checkInfo, chooseSubtitles, readInfo, sizeOf } from "../fetch/yt-dlp-info.ts";
import { findYtDlp, type YtDlp, ytDlpArguments } from "../fetch/yt-dlp-session.ts";
import { checkSeconds, plausible } from "./file.ts";
import type { Look } from "./look.ts";
import { firstOf, left, opened } from "./remote.ts";
import { pictureOf } from "./thumbnail.ts";

const MOST_PICTURE_BYTES = 2_000_000;
/** What yt-dlp itself may leave in its folder while it looks. */
const FILE_BYTES = 32 << 20;
const QUICK = ["--socket-timeout", "5", "--retries", "0", "--extractor-retries", "0"];

/**
 * Looks at a page through yt-dlp. @returns false where there is none
 * @throws KangKlipError SOURCE_LIVE, SOURCE_TOO_LONG, SOURCE_TOO_LARGE, NO_VIDEO, SOURCE_REFUSED … as the job would
 */
export async function lookAtPage(look: Look, address: string): Promise<boolean> {
  const { preview, policy, fetcher } = look;
  const ytDlp = await findYtDlp(look.settings.ytDlpPath, look.signal);
  if (!ytDlp) return false;
  const answer = await askYtDlp(look, ytDlp, address);
  if (answer === undefined) {
    preview.notices.push(
      "The page has more to it than can be looked at here; a job may still find its video.",
    );
    return true;
  }
  const { info, isFromList } = readInfo(answer);
  preview.title = cleanTitle(info.title);
  preview.seconds = plausible(info.duration ?? null);
  preview.size_bytes = whole(sizeOf(info));
  preview.height = whole(info.height ?? null);
  preview.has_captions = chooseSubtitles(info, "auto") !== null;
  if (isFromList) preview.notices.push("The address is a list of videos; its first one is used.");
  checkInfo(info);
  checkSeconds(look, preview.seconds);
  if ((preview.size_bytes ?? 0) > policy.max_bytes) throw tooLarge(policy.max_bytes);
  const picture = pictureIn(answer);
  if (picture && left(fetcher) > 0)
    preview.thumbnail = await fetchedPicture(look, picture).catch(() => {
      look.signal.throwIfAborted();
      return null; // the video is what counts
    });
  return true;
}

/** `yt-dlp -J`, through an egress proxy of ours; undefined where it wants more bytes than a look is worth. */
async function askYtDlp(look: Look, ytDlp: YtDlp, address: string): Promise<string | undefined> {
  const { signal, policy, fetcher, dir, tools, settings, resolve } = look;
  const proxy = await createEgressProxy({ ...policy, max_bytes: left(fetcher) }, resolve);
  const scratch = join(dir, "page");
  try {
    await mkdir(scratch, { recursive: true });
    const given = ytDlpArguments({ job: { fetch_policy: policy }, settings, tools }, ytDlp, proxy);
    return await runGroup(ytDlp.program, [...given, ...QUICK, "-J", "--", address], {
      ...{ signal, cwd: scratch, proxy: proxy.url, fileBytes: FILE_BYTES },
    }).catch((error) => {
      signal.throwIfAborted();
      if (proxy.isOver()) return undefined;
      throw proxy.refused() ?? (error instanceof GroupError ? ytDlpFailure(error.stderr) : error);
    });
  } finally {
    await proxy.close();
  }
}

const address = z.string().max(16_384).catch("");
const Pictured = z.object({ thumbnail: address });
const Listed = z.object({ entries: z.array(z.unknown()) });

/** The address of the video's picture; of a list, of its first video. Pure. */
function pictureIn(answer: string): string | undefined {
  const told: unknown = JSON.parse(answer); // which `readInfo` has read
  const one = Listed.safeParse(told).data?.entries.find((entry) => entry !== null) ?? told;
  return Pictured.safeParse(one).data?.thumbnail || undefined;
}

async function fetchedPicture(look: Look, from: string): Promise<string | null> {
  const answer = await opened(look.fetcher, from);
  const bytes = await firstOf(answer, Math.min(MOST_PICTURE_BYTES, left(look.fetcher))).finally(
    answer.cancel,
  );
  const file = join(look.dir, "picture");
  await writeFile(file, bytes);
  return pictureOf(look, file, bytes);
}

const whole = (number: number | null): number | null =>
  number !== null && Number.isSafeInteger(Math.round(number)) && number > 0 ? Math.round(number) : null;

/** Said where a page would need yt-dlp, as the job would say it. */
export const noYtDlp = (host: string) =>
  new KangKlipError(
    "YTDLP_MISSING",
    `${host} gives a web page; finding the video in it needs yt-dlp, which is not installed`,
  );
