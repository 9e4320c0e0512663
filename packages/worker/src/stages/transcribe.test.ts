import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { expect, test } from "vitest";
import { createCaptionsTranscriber } from "../asr/captions.ts";
import { createPocketsphinxTranscriber } from "../asr/pocketsphinx.ts";
import { aContext, aSource, ffmpeg, temporaryDir, tools } from "../asr/testing.ts";
import type { Heard, Transcriber } from "../asr/transcriber.ts";
import { createWhisperTranscriber } from "../asr/whisper.ts";
import { transcribe } from "./transcribe.ts";

const HEARD: Heard = {
  ...{ language: "en", accuracy: "high", timing: "word" },
  segments: [{ text: "Hi.", start: 1, duration: 1, words: [{ word: "Hi.", start: 1, end: 2 }] }],
};
const hears = (name: Transcriber["name"], heard: Partial<Heard> = {}): Transcriber => ({
  name,
  transcribe: async () => ({ ...HEARD, ...heard }),
});
const breaks = (name: Transcriber["name"], error: Error): Transcriber => ({
  name,
  transcribe: () => Promise.reject(error),
});

/** A source of three seconds; a tone unless the filter says otherwise. */
async function source(dir: string, sound = "sine=d=3", captions: Parameters<typeof aSource>[1] = null) {
  const file = join(dir, "source.mkv");
  const picture = [
    "-f",
    "lavfi",
    "-i",
    "color=black:s=64x36:r=5:d=3",
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
  ];
  await ffmpeg(...(sound ? ["-f", "lavfi", "-i", sound] : []), ...picture, file);
  return aSource(file, captions);
}

test.skipIf(!tools)(
  "captions of the source are taken before anything is recognised (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const { context, told } = aContext(temporary.dir);
    const text = "00:00.500 --> 00:02.500\nHello there.\n";
    const fetched = await source(temporary.dir, "sine=d=3", {
      text,
      format: "vtt",
      language: "en",
      automatic: false,
    });
    const { transcript, sound } = await transcribe(context, fetched);
    expect(transcript).toMatchObject({
      ...{ transcriber: "source-captions", accuracy: "high", timing: "line", language: "en" },
      segments: [{ text: "Hello there.", start: 0.5 }],
    });
    expect(sound.levels.dbfs).toHaveLength(30);
    expect(sound.silences).toEqual([]);
    expect(told.notices).toEqual([]);
    expect(await readdir(temporary.dir)).not.toContain("sound.pcm");
  },
);

test.skipIf(!tools)(
  "where the captions of the source tell when each word is said, no recogniser is asked (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const { context, told } = aContext(temporary.dir);
    const text =
      "00:00.500 --> 00:02.500\n<00:00:00.600><c>Hello</c><00:00:01.000><c> there,</c><00:00:01.500><c> you.</c>\n";
    const captions = { text, format: "vtt", language: "en", automatic: true } as const;
    const fetched = await source(temporary.dir, "sine=d=3", captions);
    let asked = 0;
    const recogniser: Transcriber = {
      name: "whisper",
      transcribe: async () => {
        asked++;
        return HEARD;
      },
    };
    const { transcript } = await transcribe(context, fetched, [createCaptionsTranscriber(), recogniser]);
    expect(transcript).toMatchObject({ transcriber: "source-captions", timing: "word" });
    const begin = transcript.segments.flatMap(({ words }) => words.map(({ word, start }) => [word, start]));
    expect(begin).toEqual([
      ["Hello", 0.6],
      ["there,", 1],
      ["you.", 1.5],
    ]);
    expect(asked).toBe(0);
    expect(told.notices).toEqual([]);
  },
);

test.skipIf(!tools)(
  "a source without sound, and one whose sound is silent, end without words and say so (needs ffmpeg)",
  async () => {
    for (const [sound, says] of [
      ["", /has no sound/],
      ["anullsrc=d=3", /sound is silent/],
    ] as const) {
      await using temporary = await temporaryDir();
      const { context, told } = aContext(temporary.dir);
      const { transcript, sound: map } = await transcribe(context, await source(temporary.dir, sound), [
        hears("whisper"),
      ]);
      expect(transcript).toMatchObject({
        transcriber: "none",
        accuracy: "none",
        timing: "none",
        segments: [],
      });
      expect(map.levels.dbfs).toHaveLength(sound ? 30 : 0);
      expect(told.notices).toEqual([expect.stringMatching(says)]);
    }
  },
);

test.skipIf(!tools)(
  "where no recogniser is at hand the user is told the way out, and the log says why (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const { context, told } = aContext(temporary.dir);
    const { transcript } = await transcribe(context, await source(temporary.dir), [
      createCaptionsTranscriber(),
      createWhisperTranscriber(),
      createPocketsphinxTranscriber("no-such-program"),
    ]);
    expect(transcript.transcriber).toBe("none");
    expect(told.notices).toEqual([
      expect.stringMatching(
        /^Whisper could not be used. There is no speech model .*Set MODEL_PATH .*file\.$/,
      ),
      expect.stringMatching(/^No speech recogniser could be used, .*MODEL_PATH.*install pocketsphinx/),
    ]);
    expect(told.logs.map(({ transcriber, why }) => [transcriber, why])).toEqual([
      ["source-captions", "the source has no captions"],
      ["whisper", expect.stringContaining("fetching one is switched off")],
      ["pocketsphinx", "there is no no-such-program on PATH"],
    ]);
  },
);

test.skipIf(!tools)(
  "a recogniser that breaks makes way for the next; doubtful words are called so (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const { context, told } = aContext(temporary.dir);
    const { transcript } = await transcribe(context, await source(temporary.dir), [
      breaks(
        "whisper",
        new KangKlipError("INTERNAL", "The whisper recogniser stopped: its process ended with SIGSEGV"),
      ),
      hears("pocketsphinx", { accuracy: "low" }),
    ]);
    expect(transcript).toMatchObject({ transcriber: "pocketsphinx", accuracy: "low" });
    expect(told.notices).toEqual([
      "Whisper could not be used. The whisper recogniser stopped: its process ended with SIGSEGV.",
      expect.stringMatching(/pocketsphinx, which mishears many/),
    ]);
  },
);

test.skipIf(!tools)("a cancelled job does not go on with the next recogniser (needs ffmpeg)", async () => {
  await using temporary = await temporaryDir();
  const abort = new AbortController();
  const { context, told } = aContext(temporary.dir, { signal: abort.signal });
  const cancels: Transcriber = {
    name: "whisper",
    transcribe: () => {
      abort.abort(new Error("cancelled"));
      return Promise.reject(new Error("killed"));
    },
  };
  const job = transcribe(context, await source(temporary.dir), [cancels, hears("pocketsphinx")]);
  await expect(job).rejects.toThrow("cancelled");
  expect(told.notices).toEqual([]);
  expect(await readdir(temporary.dir)).not.toContain("sound.pcm");
});

test.skipIf(!tools)("the operator's choice of a recogniser is kept (needs ffmpeg)", async () => {
  for (const chosen of ["auto", "whisper", "pocketsphinx", "none"] as const) {
    await using temporary = await temporaryDir();
    const { context } = aContext(temporary.dir, { settings: { transcriber: chosen } });
    const all = [hears("source-captions"), hears("whisper"), hears("pocketsphinx")];
    const { transcript } = await transcribe(context, await source(temporary.dir), all);
    expect(transcript.transcriber).toBe(chosen === "auto" ? "source-captions" : chosen);
  }
});

test.skipIf(!tools)("progress rises and says how far the words are known (needs ffmpeg)", async () => {
  await using temporary = await temporaryDir();
  const { context, told } = aContext(temporary.dir);
  const steps: Transcriber = {
    name: "whisper",
    async transcribe({ waiting, heard }) {
      waiting("Fetching the speech model");
      heard(0.5, 1.5);
      heard(1, 3);
      return HEARD;
    },
  };
  await transcribe(context, await source(temporary.dir), [steps]);
  const fractions = told.progress.map(([fraction]) => fraction);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(told.progress.map(([, message]) => message)).toEqual(
    expect.arrayContaining([
      "Reading the sound",
      "Fetching the speech model",
      "Heard 0:01 of 0:03",
      "Heard 0:03 of 0:03",
    ]),
  );
  expect(fractions.at(-1)).toBe(1);
});

test.skipIf(!tools)(
  "words of a last resort do not stand for other jobs when a better recogniser failed, and for ten minutes when its model did not come (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    const fetched = await source(temporary.dir);
    const missing = breaks("whisper", new KangKlipError("MODEL_MISSING", "There is no model"));
    const failed: Transcriber = {
      name: "whisper",
      transcribe: async () => ({ unavailable: "the card is gone", note: "Whisper failed on the card." }),
    };
    const standsFor = async (modelDownload: boolean, ...first: Transcriber[]) => {
      const { context } = aContext(temporary.dir, { settings: { modelDownload } });
      return (await transcribe(context, fetched, [...first, hears("pocketsphinx", { accuracy: "low" })]))
        .standsMs;
    };
    const always = Number.POSITIVE_INFINITY;
    expect(await standsFor(true, breaks("whisper", new Error("it crashed")))).toBe(0);
    expect(await standsFor(true, failed)).toBe(0);
    expect(await standsFor(true, missing)).toBe(600_000);
    expect(await standsFor(false, missing)).toBe(always); // nobody will fetch it
    expect(await standsFor(true, createCaptionsTranscriber())).toBe(always); // there simply are none
  },
);
