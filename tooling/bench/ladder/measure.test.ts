import { expect, test } from "vitest";
import { figuresIn } from "./measure.ts";

test("the figures are read from what ffmpeg prints, in dB; VMAF where it was measured", () => {
  const said = [
    "[Parsed_ssim_4 @ 0x5] SSIM Y:0.990000 (20.000000) U:0.99 (21.1) V:0.99 (21.2) All:0.991 (20.5)",
    "[Parsed_psnr_5 @ 0x5] PSNR y:45.25 u:48.1 v:48.9 average:46.1 min:40.1 max:inf",
  ].join("\n");
  expect(figuresIn(said)).toEqual({ ssimDb: expect.closeTo(20, 6), psnrDb: 45.25, vmaf: null });
  expect(figuresIn(`${said}\n[Parsed_libvmaf_6 @ 0x5] VMAF score: 95.125`)).toMatchObject({ vmaf: 95.125 });
});
