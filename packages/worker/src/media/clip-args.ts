import type { FetchedSource } from "../stage.ts";
import type { ClipTimeline, Piece } from "./clip-timeline.ts";
import { type Decoder, decodingArgs } from "./decoder.ts";
import { type Encoder, encodingArgs } from "./encoder.ts";
import { LOCAL_INPUT, PIXEL_LIMIT, SAME_GRAPH } from "./ffmpeg.ts";
import { piecesGraph } from "./piece-graph.ts";

/** How the source's colours are brought to BT.709. */
export type Colours = "bt709" | "bt601" | "hdr";

export interface ClipPlan {
  source: FetchedSource;
  timeline: ClipTimeline;
  pieces: Piece[];
  colours: Colours;
  width: number;
  height: number;
  /** Whether captions.ass lies in the working folder. */
  captioned: boolean;
  /** Where captions begin, pixels from the top; a whole picture over its blur stays above it where it can. */
  captionTop: number;
  /** Whether the marked half-size preview is made too. */
  preview: boolean;
  /** Frames of the clip that may become its cover, in order. */
  cover: number[];
  decoder: Decoder;
  encoder: Encoder;
  crf: number;
  preset: string;
  threads: number;
  /** Where `timeline` and `pieces` hold only some of the clip's frames: see part-of-clip.ts. */
  part?: ClipPart;
}

/** Some frames of a clip. */
export interface ClipPart {
  /** The first one, as the clip counts. */
  begin: number;
  /** Microseconds of the source, by stretch, that are passed over before its first frame is looked for. */
  skips: number[];
  /** Frames that must be key frames, as the clip counts. */
  keys: { clip: number[]; preview: number[] };
  /** Where it is made beside the others: so many candidates of the cover are in those before it, and what its preview is called. */
  beside?: { covers: number; preview: string };
}

/**
 * Everything that ffmpeg is told for one clip but its last output, in a folder that holds sound.m4a, captions.ass, mark.ass and
 * fonts/: one decode and one filter graph for the clip, its preview (preview.mp4) where it is wanted, the candidates of its cover (cover_01.jpg …) and what the
 * gate wants to know of its pictures: stdout gets each candidate as luma of `comparedSize`, with captions and below that without, and
 * stderr what is black or stands still (see `watching`).
 */
export function clipArgs(plan: ClipPlan): string[] {
  const { source, timeline, width, height, decoder, encoder, crf, preset, threads, cover, part } = plan;
  const video = { width, height, fps: timeline.rate.fps, threads };
  const smaller = encodingArgs({
    ...{ ...video, ...previewSize(plan) },
    ...{ encoder: "libx264", crf: 27, preset: "superfast" },
  });
  const before = threadsBefore(encoder, threads);
  const inputs = timeline.stretches.flatMap(({ start }, i) => [
    ...[
      ...LOCAL_INPUT,
      ...PIXEL_LIMIT,
      ...SAME_GRAPH,
      ...decodingArgs(decoder, Math.min(before, MOST_DECODING_THREADS)),
    ],
    // Inexact on purpose: the graph needs the picture that is on screen at the start, which may have come seconds before it.
    ...["-noaccurate_seek", ...placed(start - runUp(source, start), part?.skips[i]), "-i", source.file],
  ]);
  const sound = ["-map", `${timeline.stretches.length}:a`, "-c:a", "copy"];
  const clean = ["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-fflags", "+bitexact"];
  const mp4 = [...clean, "-movflags", "+faststart", "-f", "mp4"];
  return [
    ...inputs,
    ...["-i", "sound.m4a", "-filter_complex_threads", `${before}`, "-filter_complex", clipGraph(plan)],
    ...["-map", "[cover]", "-frames:v", `${Math.max(1, cover.length)}`, "-fps_mode", "passthrough"],
    ...["-q:v", "3", "-threads", "1", "-f", "image2"],
    ...(part?.beside ? ["-start_number", `${1 + part.beside.covers}`] : []),
    "cover_%02d.jpg",
    ...["-map", "[pairs]", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
    ...["-map", "[watched]", "-f", "null", "-"],
    ...(plan.preview
      ? ["-map", "[preview]", ...sound, ...keysAt(part?.keys.preview, timeline.rate.fps)]
      : []),
    ...(plan.preview ? [...smaller, ...mp4, part?.beside?.preview ?? "preview.mp4"] : []),
    ...["-map", "[clip]", ...sound, ...keysAt(part?.keys.clip, timeline.rate.fps)],
    ...[...encodingArgs({ ...video, encoder, crf, preset }), ...mp4],
  ];
}

/** Where reading begins: later by `skip` microseconds, but with the times that it would have without that, to the microsecond. */
function placed(start: number, skip = 0): string[] {
  if (skip === 0) return ["-ss", `${start}`];
  const place = Math.trunc(start * 1e6 + 1e-3) + skip; // what ffmpeg makes of the number
  return ["-itsoffset", `${skip}us`, "-ss", `${place}us`];
}

/** Frames that are key frames wherever the encoder would have set them; they keep their times. */
function keysAt(keys: number[] | undefined, fps: number): string[] {
  if (!keys) return [];
  // ffmpeg rounds to the nearest frame, and a frame must not come before its time
  const times = keys.map((frame) => ((frame - 0.25) / fps).toFixed(6)).join(",");
  return ["-fps_mode", "passthrough", ...(times ? ["-force_key_frames", times] : [])];
}

/**
 * Threads for what stands before the encoder. Of two, x264 keeps one busy; decoding, scaling and captions take as long as it in the other, and
 * split among two they cost a sixth more of the whole clip and end no sooner (measured; the pictures are the same either way). A card's
 * encoder leaves them both.
 */
const threadsBefore = (encoder: Encoder, threads: number) =>
  encoder === "libx264" && threads <= 2 ? 1 : threads;

/** Each holds a few pictures in memory, and each stretch has a decoder of its own. */
const MOST_DECODING_THREADS = 8;
/** Seconds between two key frames that are not exceeded in practice. */
const LONGEST_GOP_SECONDS = 12;

/**
 * Seconds to begin before a stretch. A transport stream has no index: ffmpeg jumps to where the time is right, and the picture
 * comes only with the next key frame.
 */
export const runUp = ({ info }: Pick<FetchedSource, "info">, start: number) =>
  info.container === "mpegts" ? Math.min(start, LONGEST_GOP_SECONDS) : 0;

/** Half the clip's size, on even pixels. */
export const previewSize = ({ width, height }: { width: number; height: number }) => ({
  width: 2 * Math.round(width / 4),
  height: 2 * Math.round(height / 4),
});

/** Pictures that are compared and ranked are this wide at most. */
const COMPARED_WIDTH = 540;

/** The size in which they are: the clip's shape, half of 1080x1920, on even pixels. */
export function comparedSize({ width, height }: { width: number; height: number }) {
  const scale = Math.min(1, COMPARED_WIDTH / width);
  const even = (length: number) => 2 * Math.max(1, Math.round((length * scale) / 2));
  return { width: even(width), height: even(height) };
}

/** Seconds from which on black pictures, and such that stand still, are told of. */
export const SEEN_SECONDS = { black: 0.1, frozen: 2 };
/** Of a part that is made beside others: it may go on in the next one. */
const SEEN_IN_PART_SECONDS = { black: 0, frozen: 0.1 };
/**
 * Filters that tell at level "info" where a picture is black or stands still; a small one shows it as well.
 * @param stillDb a picture that changes by less stands still: an encoder leaves small changes out, and before it nothing is left out
 */
export const watching = (stillDb: number, { black, frozen } = SEEN_SECONDS): string =>
  `scale=90:-2:flags=neighbor,blackdetect=d=${black}:pix_th=0.08:pic_th=0.995,freezedetect=n=${stillDb}dB:d=${frozen}`;
const STILL_UNENCODED_DB = -90;

/** The filter graph. Only numbers and fixed names enter it. */
export function clipGraph(plan: ClipPlan): string {
  const { source, timeline, pieces, captioned, cover, part } = plan;
  const compared = comparedSize(plan);
  const { text: rate } = timeline.rate;
  const stretches = timeline.stretches.map(({ start, frames }, stretch) => {
    const own = pieces.flatMap((piece, i) => (piece.stretch === stretch ? [i] : []));
    const before = runUp(source, start);
    const even = [
      `scale=${source.info.video.width}:${source.info.video.height}`, // costs nothing but where the size changes in between
      ...(before > 0 ? [`setpts=PTS-${before}/TB`] : []),
      "bwdif=deint=interlaced",
      `fps=${rate}:start_time=0`, // begins with the picture that is on screen at the stretch's start
      "tpad=stop_mode=clone:stop_duration=0.5", // for a picture that ends a little before the sound
      `trim=end_frame=${frames}`,
    ].join(",");
    return `[${stretch}:${source.info.video.index}]${even},split=${own.length}${own.map((i) => `[in${i}]`).join("")}`;
  });
  const { filters, outs } = piecesGraph(plan);
  const [numerator, denominator] = rate.split("/");
  const joined = [
    `${outs.join("")}concat=n=${outs.length}:v=1:a=0`,
    // frames are whole numbers from here on, so that no rounding of a joint moves one
    `settb=${denominator}/${numerator},setpts=N${part ? `+${part.begin}` : ""}`,
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709,split=3[picture][candidates][plainly]",
  ].join(",");
  const chosen = cover.map((frame) => `eq(n,${frame - (part?.begin ?? 0)})`).join("+") || "0";
  const luma = `scale=${compared.width}:${compared.height}:flags=area,format=gray`;
  return [
    ...stretches,
    ...filters,
    joined,
    `[plainly]${watching(STILL_UNENCODED_DB, part?.beside && SEEN_IN_PART_SECONDS)}[watched]`,
    `[candidates]select='${chosen}',split[shot][without]`,
    "[shot]scale=in_color_matrix=bt709:out_color_matrix=bt601:out_range=pc,format=yuvj420p[cover]",
    `[picture]${captioned ? "ass=captions.ass:fontsdir=fonts," : ""}format=yuv420p,${plan.preview ? "split=3[full]" : "split=2"}[clip][finished]`,
    `[finished]select='${chosen}',${luma}[with];[without]${luma}[plain];[with][plain]vstack[pairs]`,
    ...(plan.preview ? previewGraph(previewSize(plan)) : []),
  ].join(";");
}

/** How much of the mark is seen. */
const MARK_OPACITY = 0.4;
/** Frames [full] at half the size with the mark over them. It is drawn once and laid over each: drawn over each it cost as much as all else of a preview. */
const previewGraph = ({ width, height }: { width: number; height: number }) => [
  `color=c=black@0:s=${width}x${height}:r=1:d=1,format=yuva420p,ass=mark.ass:fontsdir=fonts:alpha=1,${seeThrough(MARK_OPACITY)}[mark]`,
  `[full]scale=${width}:${height}:flags=area,setsar=1[half]`,
  "[half][mark]overlay=format=yuv420:eof_action=repeat:alpha=premultiplied,format=yuv420p[preview]",
];
/** Drawn on transparent black, colours are multiplied by their own opacity; all four planes get less of it. */
const seeThrough = (opacity: number) =>
  `lutyuv=y=16+(val-16)*${opacity}:u=128+(val-128)*${opacity}:v=128+(val-128)*${opacity}:a=val*${opacity}`;
