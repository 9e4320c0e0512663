import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { KNOWN_CHECKS } from "../qc/verdict.ts";
import { aClip, BLACK, createRenderBench, crop, RAMP, tools } from "./testing-render.ts";

describe.skipIf(!tools)(
  "every clip is measured before it is handed out (needs ffmpeg)",
  { timeout: 120_000 },
  async () => {
    const bench = await createRenderBench();
    afterAll(() => bench[Symbol.asyncDispose]());
    const { source, render, lumas } = bench;
    const words = ["Hello", "there"].map((word, i) => ({ word, start: 0.1 + i * 0.4, end: 0.4 + i * 0.4 }));
    const file = tools ? await source({ name: "talk.mp4", picture: RAMP, seconds: 1.5 }) : "";

    /** An ffmpeg that spoils the clips that it renders: all of them, or the first one. */
    const spoiling = async (name: string, how: "once" | "always") => {
      const ffmpeg = join(bench.folder, name);
      const spoil =
        'for out; do :; done; at=$(($(wc -c < "$out") / 2)); head -c 1500 /dev/zero | dd of="$out" bs=1 seek=$at conv=notrunc status=none';
      const first = `[ ${how} = once ] && [ -e "${ffmpeg}.done" ]`;
      const script = `case "$*" in *preview.mp4*) ${tools?.ffmpeg} "$@" || exit $?; ${first} && exit 0; : > "${ffmpeg}.done"; ${spoil}; exit 0;; esac`;
      await writeFile(ffmpeg, `#!/bin/sh\n${script}\nexec ${tools?.ffmpeg} "$@"\n`);
      await chmod(ffmpeg, 0o755);
      return { ...tools, ffmpeg } as typeof tools & object;
    };

    test("a good one is ok, with every figure beside what it may be", async () => {
      const { made, failure } = await render(file, { clips: [aClip([[0, 1]], { words })] });
      expect(failure).toBeUndefined();
      expect(made[0]?.qc).toMatchObject({ verdict: "ok", repairs: [], reasons: [] });
      const ids = made[0]?.qc.checks.map(({ id }) => id.replace(/\..*/, ""));
      expect([...new Set(ids)].sort()).toEqual([..."A1 A3 C1 C2 C3 C4 C5 C6 C7 C8 C9 R1 V1".split(" ")]);
      expect(made[0]?.qc.checks).toContainEqual({
        ...{
          id: "A1.integrated",
          value: expect.closeTo(-14, 0),
          unit: "LUFS",
          min: -15,
          max: -13,
          pass: true,
        },
      });
      for (const { id } of made[0]?.qc.checks ?? []) expect(KNOWN_CHECKS).toContain(id);
      expect(JSON.parse(JSON.stringify(made[0]?.qc))).toEqual(made[0]?.qc); // nothing that JSON does not know
    });

    test("two people above each other with the captions between them are ok, also where one stands when they come", async () => {
      const half = { x: 0, y: 0, w: 102, h: 90 };
      const split = { ...half, layout: "split" as const, lower: { ...half, x: 218, y: 90 } };
      const clips = [aClip([[0, 1]], { words: [{ word: "Well", start: 0.1, end: 0.9 }] })];
      const { made, failure } = await render(file, {
        ...{ clips, frames: [crop(0, 0.5, 0), crop(0.5, 1, 0, split)] },
      });
      expect(failure).toBeUndefined();
      expect(made[0]?.qc).toMatchObject({ verdict: "ok", repairs: [], reasons: [] });
    });

    test("one that cannot be decoded cleanly is encoded again", async () => {
      const { made, failure, notes } = await render(file, {
        ...{ clips: [aClip([[0, 1]])], tools: await spoiling("once", "once") },
      });
      expect(failure).toBeUndefined();
      expect(notes).toContainEqual(expect.stringMatching(/^encoded_again .*errors/));
      expect(made[0]?.qc).toMatchObject({ verdict: "ok", repairs: ["encoded_again"], reasons: [] });
    });

    test("what stays wrong is delivered as degraded, and a person is told why", async () => {
      const { made, failure } = await render(file, {
        ...{ clips: [aClip([[0, 1]])], tools: await spoiling("always", "always") },
      });
      expect(failure).toBeUndefined();
      expect(made[0]?.qc).toMatchObject({ verdict: "degraded", repairs: ["encoded_again"] });
      expect(made[0]?.qc.reasons).toContainEqual(expect.stringMatching(/\d+ places that cannot be decoded/));
    });

    test("a black room in the video is black in the clip, and that is no fault", async () => {
      const dark = await source({ name: "dark.mp4", picture: BLACK, seconds: 3.5 });
      const { made } = await render(dark, { clips: [aClip([[0, 3]])] });
      expect(made[0]?.qc).toMatchObject({ verdict: "ok", reasons: [] });
    });

    test("the EDL says whether captions are drawn, whatever the setting", async () => {
      const dark = await source({ name: "dark.mp4", picture: BLACK, seconds: 1.5 });
      const drawn = async (captions: boolean, captionBurnIn: boolean) => {
        const clips = [aClip([[0, 1]], { words, captions })];
        const { made, clip, left } = await render(dark, { clips, settings: { captionBurnIn } });
        expect(left).toContain("clip_01.srt");
        expect(made[0]?.captioned).toBe(captions);
        return Math.max(...(await lumas(clip, undefined, "YMAX"))) > 100;
      };
      expect([await drawn(false, true), await drawn(true, false)]).toEqual([false, true]);
    });
  },
);
