import { expect, test } from "vitest";
import { passesOf, sharesOf } from "./testing-passes.ts";

const REPORT = `
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from '/attempt/talk.mp4':
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709, progressive), 1920x1080, 4055 kb/s, 30 fps
  Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, stereo, fltp, 123 kb/s (default)
Input #1, lavfi, from 'color=black':
  Stream #1:0: Video: wrapped_avframe, yuv420p, 320x240, 30 fps, 30 tbr, 30 tbn
Output #0, mp4, to '/attempt/.part-clip.mp4':
[info]   Stream #0:0: Video: h264 (avc1 / 0x31637661), yuv420p(tv, bt709, progressive), 1080x1920, q=2-31, 30 fps
Output #1, rawvideo, to 'pipe:':
  Stream #1:0: Video: rawvideo (I420 / 0x30323449), yuv420p, 320x180, q=2-31, 20736 kb/s, 30 fps, 30 tbn
Input file #0 (/attempt/talk.mp4):
  Input stream #0:0 (video): 50 packets read (918793 bytes); 47 frames decoded;
  Input stream #0:1 (audio): 75 packets read (15941 bytes); 74 frames decoded (75776 samples);
Input file #1 (color=black):
  Input stream #1:0 (video): 50 packets read (918793 bytes); 50 frames decoded;
Output file #0 (/attempt/.part-clip.mp4):
  Output stream #0:0 (video): 15 frames encoded; 15 packets muxed (348328 bytes);
Output file #1 (pipe:):
  Output stream #1:0 (video): 15 frames encoded; 15 packets muxed (1296000 bytes);
`;

test("decoded and encoded pictures are read from ffmpeg's own report, raw and made ones left out", () => {
  const passes = passesOf(REPORT);
  expect(passes).toEqual({
    decodes: [{ file: "talk.mp4", codec: "h264", width: 1920, height: 1080, frames: 47 }],
    encodes: [{ file: "clip.mp4", codec: "h264", width: 1080, height: 1920, frames: 15 }],
  });
  expect(sharesOf(passes, 15, 1080)).toEqual({ decodes: 47 / 15, encodes: 1, smallEncodes: 0 });
});
