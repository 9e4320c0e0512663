import { KangKlipError } from "@kangklip/contract";
import type { Fetcher } from "./fetcher.ts";
import { type HlsSegment, type HlsVariant, type Playlist, parsePlaylist, type Rendition } from "./hls.ts";
import { captionsIn } from "./language.ts";
import type { Part, Run, StreamPlan, Track } from "./parts.ts";
import { bestVariant } from "./variant.ts";

export const MAX_LIST_BYTES = 8 << 20;

/**
 * Reads the playlists behind an address and decides what to fetch: the best picture up to 1080 lines, its default sound,
 * WebVTT in `language` or in the language of the sound.
 * @throws KangKlipError SOURCE_LIVE, SOURCE_UNSUPPORTED, SOURCE_UNREADABLE, and what the fetcher throws.
 */
export async function planHls(fetcher: Fetcher, address: string, language: string): Promise<StreamPlan> {
  const first = await playlistAt(fetcher, address);
  if (first.kind === "media") {
    const video = trackOf(first);
    return {
      way: "hls",
      video,
      audio: null,
      captions: null,
      durationSeconds: lengthOf(video),
      height: null,
      codecs: null,
    };
  }
  const variant = bestVariant(first.variants);
  if (!variant) throw new KangKlipError("NO_VIDEO", "The stream has sound only");
  const video = { ...(await trackAt(fetcher, variant.address)), bandwidth: variant.bandwidth };
  const sound = soundFor(variant, first.renditions);
  const audio = sound?.address ? await trackAt(fetcher, sound.address) : null;
  return {
    way: "hls",
    video,
    audio,
    captions: await captionsFor(fetcher, variant, first.renditions, [language, sound?.language ?? null]),
    durationSeconds: lengthOf(video),
    height: variant.height,
    codecs: variant.codecs,
  };
}

async function playlistAt(fetcher: Fetcher, address: string): Promise<Playlist> {
  const { text, url } = await fetcher.text(address, MAX_LIST_BYTES);
  return parsePlaylist(text, url);
}

async function trackAt(fetcher: Fetcher, address: string): Promise<Track> {
  const playlist = await playlistAt(fetcher, address);
  if (playlist.kind === "master")
    throw new KangKlipError("SOURCE_UNREADABLE", "The HLS playlist leads to another list of versions");
  return trackOf(playlist);
}

function trackOf({ segments, ended }: Extract<Playlist, { kind: "media" }>): Track {
  if (!ended) throw new KangKlipError("SOURCE_LIVE", "The stream is live and has not ended yet");
  if (segments.length === 0) throw new KangKlipError("SOURCE_UNREADABLE", "The HLS playlist has no segments");
  return { runs: runsOf(segments), offsetSeconds: 0 };
}

/** Splits where the playlist says that times start anew, and where the init section changes. Pure. */
export function runsOf(segments: readonly HlsSegment[]): Run[] {
  const runs: Run[] = [];
  let init: Part | null = null;
  for (const segment of segments) {
    let run = runs.at(-1);
    if (!run || segment.discontinuity || !isSame(segment.init, init)) {
      run = segment.init
        ? { parts: [segment.init], lengths: [null], durationSeconds: 0 }
        : { parts: [], lengths: [], durationSeconds: 0 };
      runs.push(run);
      init = segment.init;
    }
    run.parts.push({ address: segment.address, range: segment.range, key: segment.key });
    run.lengths?.push(segment.durationSeconds);
    run.durationSeconds += segment.durationSeconds;
  }
  return runs;
}

const isSame = (a: Part | null, b: Part | null) =>
  a?.address === b?.address && a?.range?.start === b?.range?.start && a?.range?.length === b?.range?.length;

const lengthOf = ({ runs }: Track) => runs.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);

function soundFor({ audioGroup }: HlsVariant, renditions: readonly Rendition[]): Rendition | undefined {
  const group = renditions.filter(({ type, group }) => type === "AUDIO" && group === audioGroup);
  return group.find(({ isDefault }) => isDefault) ?? group[0];
}

async function captionsFor(
  fetcher: Fetcher,
  { subtitlesGroup }: HlsVariant,
  renditions: readonly Rendition[],
  languages: (string | null)[],
): Promise<StreamPlan["captions"]> {
  const group = renditions.filter(
    ({ type, group, isForced, address }) =>
      type === "SUBTITLES" && group === subtitlesGroup && !isForced && address !== null,
  );
  const chosen = captionsIn(group, languages);
  if (!chosen?.address) return null;
  const playlist = await playlistAt(fetcher, chosen.address).catch((error) => {
    if (error instanceof KangKlipError) return null; // the video is worth having without them
    throw error;
  });
  if (playlist?.kind !== "media" || !playlist.ended) return null;
  return { parts: playlist.segments, language: chosen.language };
}
