import type { Fetcher } from "../fetch/fetcher.ts";
import type { Resolve } from "../fetch/guard.ts";
import { pageByNeed } from "../fetch/need/page-source.ts";
import { cleanTitle } from "../fetch/title.ts";
import { fetchPage, formatsAt } from "../fetch/yt-dlp.ts";
import { findYtDlp } from "../fetch/yt-dlp-session.ts";
import type { SourceByNeed, StageContext } from "../stage.ts";
import type { Fetched } from "./download.ts";
import { checkRoom } from "./download-file.ts";

/** A page's video: by need where its formats allow that and it is worth it, else all of it by yt-dlp. @returns null where there is no yt-dlp */
export async function fetchByYtDlp(
  context: StageContext,
  fetcher: Fetcher,
  address: string,
  { resolve, byNeedFromBytes }: { resolve: Resolve; byNeedFromBytes: number },
): Promise<Fetched | null> {
  const ytDlp = await findYtDlp(context.settings.ytDlpPath, context.signal);
  if (!ytDlp) return null;
  let later = 0;
  const counted = (bytes: number) => {
    later += bytes;
  };
  const { other, file, title, pageUrl, meta, captions, whyWhole, fetchedBytes } = await fetchPage(
    context,
    fetcher,
    ytDlp,
    address,
    {
      resolve,
      otherWay: (formats) =>
        pageByNeed(context, fetcher, formats, {
          again: () => formatsAt(context, ytDlp, address, { resolve, counted }),
          fromBytes: byNeedFromBytes,
          checkRoom: (bytes) => checkRoom(context, bytes),
        }),
    },
  );
  if (whyWhole !== null) context.log("fetch.not_by_need", { why: whyWhole });
  const parts = other && { ...other, need: adding(other.need, () => fetchedBytes + later) };
  return {
    ...{ way: "yt-dlp", titles: [cleanTitle(title)], pageUrl, meta, captions, validators: null },
    file: other?.file ?? file ?? "",
    sha256: other?.sha256 ?? null,
    moreBytes: fetchedBytes + later,
    ...(parts && { parts }),
    whyWhole: whyWhole === null ? null : `The whole was fetched: ${whyWhole}.`,
  };
}

/** The same source, of which another program fetched some bytes. */
export const adding = (need: SourceByNeed, bytes: () => number): SourceByNeed => ({
  ...need,
  wireBytes: () => need.wireBytes() + bytes(),
});
