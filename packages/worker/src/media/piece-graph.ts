import type { ClipPlan, Colours } from "./clip-args.ts";
import type { Piece, Window } from "./clip-timeline.ts";
import { type Way, wayExpression } from "./clip-way.ts";

/**
 * Filters that bring the frames [in…] of a clip's pieces to the output's size, and the labels of what comes out, in order. Windows at rest that
 * follow one another share a scaler, also where their sizes differ: each scaler keeps two pictures of the output in memory until the clip is done.
 * Only numbers and fixed names enter them.
 */
export function piecesGraph(plan: ClipPlan): { filters: string[]; outs: string[] } {
  const { pieces, width, height, colours } = plan;
  const filters: string[] = [];
  const outs: string[] = [];
  for (let i = 0; i < pieces.length; ) {
    let end = i;
    while (atRest(pieces[end])) end++;
    const together = pieces.slice(i, end);
    if (together.length > 1) {
      const labels = together.map((_, k) => `[cut${i + k}]`);
      filters.push(...together.map((piece, k) => `${cut(piece, i + k)}${labels[k]}`));
      filters.push(
        `${labels.join("")}concat=n=${labels.length}:v=1:a=0:unsafe=1,${scaled(width, height, colours)}[out${i}]`,
      );
    } else filters.push(...pieces.slice(i, i + 1).flatMap((piece) => pieceGraph(piece, i, plan)));
    outs.push(`[out${i}]`);
    i = Math.max(end, i + 1);
  }
  return { filters, outs };
}

const atRest = (piece: Piece | undefined) => piece?.layout === "crop" && !piece.way;

const framesOf = ({ firstFrame, endFrame }: Piece, i: number) =>
  `[in${i}]trim=start_frame=${firstFrame}:end_frame=${endFrame},setpts=PTS-STARTPTS`;
const cropped = ({ w, h, x, y }: Window) => `crop=${w}:${h}:${x}:${y}`;
const cut = (piece: Piece, i: number) => `${framesOf(piece, i)},${cropped(piece.window)}`;

/** A whole picture is never moved further up than this share of the height, where apps put their own bar. */
const LOWEST_TOP = 0.1;

/** Frames [in…] of one piece, brought to the output's size as [out…]. */
function pieceGraph(piece: Piece, i: number, plan: ClipPlan): string[] {
  const { layout, window, lower, way } = piece;
  const { width, height, colours } = plan;
  if (layout === "crop" && way) return [`${framesOf(piece, i)},${moved(way, plan)}[out${i}]`];
  if (layout === "crop") return [`${cut(piece, i)},${scaled(width, height, colours)}[out${i}]`];
  if (layout === "split") {
    const upper = 2 * Math.round(height / 4);
    return [
      `${framesOf(piece, i)},split[both${i}][other${i}]`,
      `[both${i}]${cropped(window)},${scaled(width, upper, colours)}[upper${i}]`,
      `[other${i}]${cropped(lower ?? window)},${scaled(width, height - upper, colours)}[lower${i}]`,
      `[upper${i}][lower${i}]vstack,setsar=1[out${i}]`,
    ];
  }

  const even = (length: number) => 2 * Math.max(1, Math.round(length / 2));
  const squareWidth = window.w * plan.source.info.video.sar;
  const inside = Math.min(width / squareWidth, height / window.h);
  const [w, h] = [even(squareWidth * inside), even(window.h * inside)];
  const x = (width - w) / 2;
  const y = Math.min((height - h) / 2, Math.max(height * LOWEST_TOP, plan.captionTop - h));
  // blurred at a quarter of the size, which costs a sixteenth and is not seen
  const small = { width: even(width / 4), height: even(height / 4) };
  const cover = Math.max(small.width / w, small.height / h);
  const blur = [
    `scale=${even(w * cover + 1)}:${even(h * cover + 1)}:flags=bilinear,crop=${small.width}:${small.height}`,
    `gblur=sigma=${(width / 135).toFixed(1)},lutyuv=y=16+(val-16)*0.72`,
    `scale=${width}:${height}:flags=bilinear,setsar=1`,
  ].join(",");
  return [
    `${cut(piece, i)},${scaled(w, h, colours)},split[near${i}][far${i}]`,
    `[far${i}]${blur}[back${i}]`,
    `[back${i}][near${i}]overlay=${even(x + 2) - 2}:${even(y + 2) - 2},format=yuv420p[out${i}]`,
  ];
}

/** To a size with square pixels and to BT.709 in one step. */
const scaled = (width: number, height: number, colours: Colours) =>
  `${sized(width, height, colours)},${toned(colours)}setsar=1,format=yuv420p`;

function sized(width: number, height: number, colours: Colours): string {
  const size = `scale=${width}:${height}:flags=bicubic`;
  return colours === "hdr" ? size : `${size}:in_color_matrix=${colours}:out_color_matrix=bt709:out_range=tv`;
}

/** HDR's range brought to BT.709's. */
function toned(colours: Colours): string {
  if (colours !== "hdr") return "";
  // White is 203 cd/m² (ITU-R BT.2408); what an ordinary picture holds stays as it is, and highlights up to five times white are rolled off
  return "zscale=pin=bt2020:min=2020_ncl:t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:param=0.6:peak=5:desat=0,zscale=t=bt709:m=bt709:r=tv,";
}

/**
 * A window that moves: what it passes over is brought to the output's scale first, so that its steps are single pixels of the output. Where the
 * chroma has half the pixels it is then off by one of them at most; HDR's samples of two bytes allow no halves, so it gets chroma in full.
 */
function moved({ region, scaled: to, keypoints }: Way, { width, height, colours }: ClipPlan): string {
  const { w, h, x, y } = region;
  const along = (of: "x" | "y") =>
    wayExpression(keypoints.map((point) => ({ frame: point.frame, value: point[of] })));
  return [
    `crop=${w}:${h}:${x}:${y},${sized(to.width, to.height, colours)}`,
    `setsar=1,format=${colours === "hdr" ? "yuv444p10" : "yuv420p"}`,
    `crop=${width}:${height}:x='${along("x")}':y='${along("y")}':exact=1`,
    `${toned(colours)}format=yuv420p`,
  ].join(",");
}
