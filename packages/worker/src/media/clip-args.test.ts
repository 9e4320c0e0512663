import { expect, test } from "vitest";
import type { FetchedSource } from "../stage.ts";
import { type ClipPlan, clipArgs, clipGraph } from "./clip-args.ts";
import { clipTimeline } from "./clip-timeline.ts";

const video = {
  index: 0,
  codec: "h264",
  width: 1920,
  height: 1080,
  rotation: 0,
  sar: 1,
  fps: 30,
  hdr: false,
};
const source = {
  file: "/attempt/source video;[0:v].mp4",
  info: { video, container: "mov,mp4" },
} as FetchedSource;
const window = { x: 656, y: 0, w: 608, h: 1080 };
const plan: ClipPlan = {
  source,
  timeline: clipTimeline([{ start: 61.25, end: 63.25, text: "" }], { text: "30/1", fps: 30 }),
  pieces: [{ stretch: 0, firstFrame: 0, endFrame: 60, layout: "crop", window, reason: "face" }],
  ...{ colours: "bt709", width: 1080, height: 1920, captioned: true, captionTop: 1200 },
  ...{ cover: [9, 14, 19], preview: true },
  ...{ decoder: "cpu", encoder: "libx264", crf: 20, preset: "veryfast", threads: 2 },
};

test("one cut window: crop, scale, captions, and a half-size preview with its mark", () => {
  expect(clipGraph(plan).split(";")).toEqual([
    "[0:0]scale=1920:1080,bwdif=deint=interlaced,fps=30/1:start_time=0,tpad=stop_mode=clone:stop_duration=0.5,trim=end_frame=60,split=1[in0]",
    "[in0]trim=start_frame=0:end_frame=60,setpts=PTS-STARTPTS,crop=608:1080:656:0,scale=1080:1920:flags=bicubic:in_color_matrix=bt709:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p[out0]",
    "[out0]concat=n=1:v=1:a=0,settb=1/30,setpts=N,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709,split=3[picture][candidates][plainly]",
    "[plainly]scale=90:-2:flags=neighbor,blackdetect=d=0.1:pix_th=0.08:pic_th=0.995,freezedetect=n=-90dB:d=2[watched]",
    "[candidates]select='eq(n,9)+eq(n,14)+eq(n,19)',split[shot][without]",
    "[shot]scale=in_color_matrix=bt709:out_color_matrix=bt601:out_range=pc,format=yuvj420p[cover]",
    "[picture]ass=captions.ass:fontsdir=fonts,format=yuv420p,split=3[full][clip][finished]",
    "[finished]select='eq(n,9)+eq(n,14)+eq(n,19)',scale=540:960:flags=area,format=gray[with]",
    "[without]scale=540:960:flags=area,format=gray[plain]",
    "[with][plain]vstack[pairs]",
    "color=c=black@0:s=540x960:r=1:d=1,format=yuva420p,ass=mark.ass:fontsdir=fonts:alpha=1,lutyuv=y=16+(val-16)*0.4:u=128+(val-128)*0.4:v=128+(val-128)*0.4:a=val*0.4[mark]",
    "[full]scale=540:960:flags=area,setsar=1[half]",
    "[half][mark]overlay=format=yuv420:eof_action=repeat:alpha=premultiplied,format=yuv420p[preview]",
  ]);
});

test("a clip that is never locked costs no preview", () => {
  const args = clipArgs({ ...plan, preview: false }).join(" ");
  expect(args).toContain("format=yuv420p,split=2[clip][finished];");
  expect(args).not.toMatch(/preview|mark|\[full\]|\[half\]/);
  expect(args.match(/libx264/g)).toHaveLength(1);
});

test.each([
  ["libx264", 2, 1],
  ["libx264", 8, 8],
  ["h264_nvenc", 2, 2],
] as const)("beside %s with %i threads, decoding and the graph have %i", (encoder, threads, before) => {
  const args = clipArgs({ ...plan, encoder, threads });
  expect(args[args.indexOf("-threads") + 1]).toBe(`${before}`);
  expect(args[args.indexOf("-filter_complex_threads") + 1]).toBe(`${before}`);
  if (encoder === "libx264") expect(args[args.lastIndexOf("-threads") + 1]).toBe(`${threads}`);
});

test("the source's name is an argument of its own and never enters the graph", () => {
  const args = clipArgs(plan);
  expect(args[args.indexOf("-i") + 1]).toBe(source.file);
  expect(args.filter((arg) => arg.includes("source video"))).toHaveLength(1);
  expect(args.slice(args.indexOf("-ss"), args.indexOf("-ss") + 2)).toEqual(["-ss", "61.25"]);
});

test("the graphics card may decode every stretch and encode the clip; the graph and all else stay the same", () => {
  const segments = [
    { start: 200, end: 201, text: "" },
    { start: 3000, end: 3001, text: "" },
  ];
  const timeline = clipTimeline(segments, { text: "30/1", fps: 30 });
  const pieces = [0, 1].map(
    (stretch) => ({ ...plan.pieces[0], stretch, endFrame: 30 }) as ClipPlan["pieces"][number],
  );
  const [cpu, gpu] = [
    clipArgs({ ...plan, timeline, pieces }),
    clipArgs({ ...plan, timeline, pieces, decoder: "nvdec", encoder: "h264_nvenc" }),
  ];
  expect(cpu).not.toContain("-hwaccel");
  expect(gpu.flatMap((arg, i) => (arg === "-hwaccel" ? [gpu.slice(i - 2, i + 2)] : []))).toEqual([
    ["-threads", "1", "-hwaccel", "cuda"],
    ["-threads", "1", "-hwaccel", "cuda"],
  ]);
  // pictures come back into memory: no graph for the card alone
  expect(gpu).not.toContain("-hwaccel_output_format");
  const after = (args: string[], name: string) => args[args.indexOf(name) + 1];
  for (const same of [
    "-filter_complex",
    "-movflags",
    "-profile:v",
    "-g",
    "-pix_fmt",
    "-colorspace",
    "-color_range",
  ])
    expect(after(gpu, same), same).toBe(after(cpu, same));
  // the preview stays with x264: two sessions a clip would halve what a card can take
  expect(gpu.slice(gpu.indexOf("[preview]"), gpu.indexOf("preview.mp4"))).toContain("libx264");
  expect(gpu.slice(gpu.indexOf("[clip]"))).toContain("h264_nvenc");
});

test("each stretch is an input of its own, so that nothing between them is decoded", () => {
  const segments = [
    { start: 200, end: 201, text: "" },
    { start: 3000, end: 3001, text: "" },
  ];
  const timeline = clipTimeline(segments, { text: "30/1", fps: 30 });
  const pieces = [0, 1].map((stretch) => ({
    stretch,
    firstFrame: 0,
    endFrame: 30,
    layout: "crop" as const,
    window,
    reason: "face",
  }));
  const args = clipArgs({ ...plan, timeline, pieces });
  expect(args.filter((arg) => arg === "-ss")).toHaveLength(2);
  expect(args.filter((arg) => arg === "-format_whitelist")).toHaveLength(2);
  expect(args).toContain("2:a"); // the sound comes last
});

test("a picture that is shown whole stays above the captions, over its own blur", () => {
  const whole = { x: 0, y: 0, w: 1920, h: 1080 };
  const pieces = [{ ...plan.pieces[0], layout: "fit", window: whole }] as ClipPlan["pieces"];
  const graph = clipGraph({ ...plan, pieces });
  expect(graph).toContain("crop=1920:1080:0:0,scale=1080:608:");
  expect(graph).toContain("overlay=0:592,");
  expect(graph).toContain("crop=270:480,gblur");
});

test("a transport stream, which has no index, is read from some seconds before", () => {
  const info = { ...source.info, container: "mpegts" };
  const transport = { ...plan, source: { ...source, info } };
  const args = clipArgs(transport);
  expect(args[args.indexOf("-ss") + 1]).toBe("49.25");
  expect(clipGraph(transport)).toMatch(/^\[0:0\]scale=1920:1080,setpts=PTS-12\/TB,bwdif/);
});

test("without words there is no caption filter, and HDR is mapped", () => {
  const graph = clipGraph({ ...plan, captioned: false, colours: "hdr" });
  expect(graph).not.toContain("captions.ass");
  expect(graph).toContain("tonemap=mobius");
});

const split = {
  ...{ stretch: 0, firstFrame: 0, endFrame: 60, layout: "split" as const, reason: "split_exchange" },
  window: { x: 200, y: 60, w: 668, h: 594 },
  lower: { x: 1100, y: 100, w: 668, h: 594 },
};
const moving = {
  ...{ stretch: 0, firstFrame: 0, endFrame: 60, layout: "crop" as const, reason: "face", window },
  way: {
    region: { x: 200, y: 0, w: 1108, h: 1080 },
    scaled: { width: 1968, height: 1920 },
    keypoints: [
      { frame: 0, x: 0, y: 0 },
      { frame: 12.5, x: 0, y: 0 },
      { frame: 59, x: 888, y: 0 },
    ],
  },
};

test("a split is two windows, one above the other, each at half of the height", () => {
  const graph = clipGraph({ ...plan, pieces: [split] });
  expect(graph).toContain("setpts=PTS-STARTPTS,split[both0][other0];");
  expect(graph).toMatch(
    /\[both0\]crop=668:594:200:60,scale=1080:960:[^;]*setsar=1,format=yuv420p\[upper0\];/,
  );
  expect(graph).toMatch(/\[other0\]crop=668:594:1100:100,scale=1080:960:[^;]*format=yuv420p\[lower0\];/);
  expect(graph).toContain("[upper0][lower0]vstack,setsar=1[out0]");
  // 1350 is no multiple of four: the halves are even and make up the whole
  const odd = clipGraph({ ...plan, height: 1350, pieces: [split] });
  expect([odd.includes("scale=1080:676:"), odd.includes("scale=1080:674:")]).toEqual([true, true]);
});

test("a window on its way is cut after scaling, by numbers alone", () => {
  const graph = clipGraph({ ...plan, pieces: [moving] });
  expect(graph).toContain("crop=1108:1080:200:0,scale=1968:1920:flags=bicubic:");
  expect(graph).toContain(
    "format=yuv420p,crop=1080:1920:x='0.000+19.096774*(clip(n,12.500,59.000)-12.500)':y='0.000':exact=1",
  );
  expect(graph.replaceAll(/\w+/g, "")).not.toMatch(/[^\]:=;,.'()*+[/@-]/);
});

test("HDR is mapped in halves and on the way as everywhere", () => {
  const graph = clipGraph({ ...plan, colours: "hdr", pieces: [split, moving] });
  expect(graph.match(/tonemap=mobius/g)).toHaveLength(3);
  // two bytes a sample: chroma of half the width could be cut in the middle of one
  expect(graph).toContain("format=yuv444p10,crop=1080:1920:");
});
