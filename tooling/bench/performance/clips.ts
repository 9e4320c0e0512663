// A program of its own, so that all it takes can be counted: the worker's own stages on clips that are given instead of chosen, from an address.
// `node clips.ts '<JSON of ClipsOrder>'` works in the current folder and prints lines of JSON: a `ClipTold` for each clip, then a `ClipsTold`.

import type { EdlClip } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { noCache } from "../../../packages/worker/src/cache/stage-cache.ts";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { createFramer } from "../../../packages/worker/src/frame/framer.ts";
import { machineFacts } from "../../../packages/worker/src/machine.ts";
import { fetchOf } from "../../../packages/worker/src/manifest.ts";
import { findTools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { createLedger } from "../../../packages/worker/src/receipt.ts";
import type { FetchedSource, RenderedClip, StageContext } from "../../../packages/worker/src/stage.ts";
import { downloadKept } from "../../../packages/worker/src/stages/download-kept.ts";
import { renderKept } from "../../../packages/worker/src/stages/render-kept.ts";
import { transcribe } from "../../../packages/worker/src/stages/transcribe.ts";

export interface ClipsOrder {
  url: string;
  clips: EdlClip[];
  /** Whether the sound is listened to as well, by the recogniser that TRANSCRIBER names. */
  hear: boolean;
  /** Whether so many clips are said to be wanted that all of a stream has to be fetched. */
  isWhole: boolean;
  /** Whether previews are made, as a service does that sells its clips. */
  preview: boolean;
}

/** A clip is whole. */
export interface ClipTold {
  clip: number;
  /** Since the program began to work. */
  seconds: number;
}

export interface ClipsTold {
  /** Processor seconds of each stage by the worker's own ledger. */
  stages: Record<string, number>;
  rendered: Pick<RenderedClip, "index" | "files" | "framing" | "durationSeconds" | "qc">[];
  /** What listened; null where nobody was asked to. */
  transcriber: string | null;
  /** Of these bytes over the wire, those before the first clip was begun: the index and the sound; 0 where all came in one go. */
  soundBytes: number;
  /** How the source was fetched, and why not by need, as the worker says. */
  fetch: ReturnType<typeof fetchOf>;
}

if (import.meta.main) {
  const order: ClipsOrder = JSON.parse(process.argv[2] ?? "");
  const begun = performance.now();
  const tell = (told: ClipTold | ClipsTold) => console.log(JSON.stringify(told));
  const settings = readSettings(process.env);
  const tools = await findTools({ FFMPEG_PATH: settings.ffmpegPath });
  const { signal } = new AbortController();
  await machineFacts({ tools, settings, signal });
  const context: StageContext = {
    ...{ dir: process.cwd(), tools, signal, settings, progress: () => {}, log: () => {} },
    notice: (text) => console.error(text),
    job: aJobSpec({
      source: { kind: "url", url: order.url },
      ...{ clip_count: order.isWhole ? 10_000 : order.clips.length, language: "en", preview: order.preview },
      fetch_policy: {
        ...{ allow_private: false, allow_origins: [new URL(order.url).origin] },
        ...{ max_bytes: 20e9, max_seconds: 5 * 3600 },
      },
    }),
  };
  const ledger = createLedger(() => {});
  const cache = noCache();
  ledger.enter("DOWNLOAD");
  const { source } = await downloadKept(context, cache);
  await source.need?.sound?.whole;
  const soundBytes = source.need?.wireBytes() ?? 0;
  ledger.enter("TRANSCRIPT");
  const heard = order.hear ? await transcribe(context, source) : null;
  ledger.enter("RENDER");
  const rendered = await render(context, source, order.clips);
  ledger.enter("UPLOAD");
  await source.need?.close();
  tell({
    stages: Object.fromEntries(ledger.stages().map(({ stage, cpu_seconds }) => [stage, cpu_seconds ?? 0])),
    rendered: rendered.map(({ index, files, framing, durationSeconds, qc }) => ({
      ...{ index, files, framing, durationSeconds, qc },
    })),
    transcriber: heard?.transcript.transcriber ?? null,
    ...{ soundBytes, fetch: fetchOf(source) },
  });
  process.exit();

  async function render(within: StageContext, from: FetchedSource, clips: EdlClip[]) {
    await using framer = createFramer(within);
    const onWhole = ({ index }: RenderedClip) =>
      tell({ clip: index, seconds: (performance.now() - begun) / 1000 });
    return (await renderKept(within, cache, { source: from, clips, framer, onWhole })).rendered;
  }
}
