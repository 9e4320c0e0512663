import { REUSED } from "./cache/once.ts";
import { fetchOf, metaOf, videoStats } from "./manifest.ts";
import type { Run } from "./pipeline.ts";
import type { FetchedSource } from "./stage.ts";
import { downloadKept } from "./stages/download-kept.ts";

/** The video for as long as the job goes on. */
export interface Fetched extends AsyncDisposable {
  source: FetchedSource;
  /** Keeps what has come since DOWNLOAD. */
  keepMore(): Promise<void>;
}

/** DOWNLOAD and what is told of the video. */
export async function fetchSource(run: Run): Promise<Fetched> {
  const { context, cache, ledger } = run;
  const { job } = context;
  ledger.enter("DOWNLOAD");
  const { source, reused, keepMore } = await downloadKept(context, cache);
  const close = async () => source.need?.close();
  try {
    if (reused) context.progress(1, REUSED);
    else if (job.edit)
      context.notice("This machine did not have the video any more, so it was fetched once more.");
    const bytes = await tellOfSource(run, source);
    ledger.done("DOWNLOAD", {
      device: "network",
      executed: reused ? 0 : 1,
      reused: reused ? 1 : 0,
      ...bytes,
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { source, keepMore, [Symbol.asyncDispose]: close };
}

/** meta.json and video_stats.json. @returns bytes that came in for it, and those that it has */
export async function tellOfSource({ context, keep }: Run, source: FetchedSource) {
  await keep("meta.json", metaOf(source));
  const stats = await videoStats(source);
  if (!context.job.edit) await keep("video_stats.json", stats);
  return { bytes_in: fetchOf(source).bytes, bytes_out: stats.size_bytes };
}

/** Their decoders pass over what is not there; those of AV1 and VP9 show their key frames otherwise then. */
const SHOWN_ALONE = ["h264", "hevc", "mpeg4"];

/** The file with all its key frames: where they can be had alone, the pictures between them may be empty. */
export async function keyPictures({ file, info, need }: FetchedSource): Promise<string> {
  if (!need) return file;
  if (need.keyPictures && SHOWN_ALONE.includes(info.video.codec)) return need.keyPictures();
  return need.pictures([{ start: 0, end: info.durationSeconds }]);
}
