import { dirname, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { EdlClip } from "@kangklip/contract";
import type { EntryKey } from "./cache/key.ts";
import type { StageCache, Taken } from "./cache/stage-cache.ts";
import { accounted } from "./children-cpu.ts";
import { createFramer } from "./frame/framer.ts";
import { fetchOf } from "./manifest.ts";
import type { Run } from "./pipeline.ts";
import { hintsOf } from "./select/hints.ts";
import { openingsOf, sureClip } from "./select/opening.ts";
import type { FetchedSource, StageContext } from "./stage.ts";
import type { Publisher } from "./stages/publish.ts";
import { renderKept } from "./stages/render-kept.ts";
import type { OnSure } from "./stages/transcribe.ts";

/** The clip that is made while the video is still being listened to (docs/decisions/0031). */
export interface EarlyClip extends AsyncDisposable {
  /** Takes the words that are sure; as soon as a clip is, it is rendered and published. Never throws. */
  sure: OnSure;
  /**
   * Compares what was begun with what was chosen in the end; where they differ and nobody could watch it yet, it is given up.
   * @returns the clip that stays although another one was chosen, because it is shown; undefined in all other cases
   */
  compared(chosen: EdlClip | undefined): Promise<EdlClip | undefined>;
  /** Waits until it is made, or has failed, which RENDER makes good. @returns clips rendered for it, and bytes fetched */
  ended(): Promise<{ executed: number; bytes: number }>;
}

const NOTHING = { executed: 0, bytes: 0 };

/** An edit has its clip before anybody listens. */
export const noEarlyClip: EarlyClip = {
  sure: () => {},
  compared: async () => undefined,
  ended: async () => NOTHING,
  [Symbol.asyncDispose]: async () => {},
};

/** @param run with a cache in which RENDER finds what is made here (`remembering`) */
export function createEarlyClip(
  { context, ledger, cache }: Pick<Run, "context" | "ledger" | "cache">,
  source: FetchedSource,
  publisher: Pick<Publisher, "whole">,
): EarlyClip {
  const { job, log } = context;
  const { durationSeconds } = source.info;
  const openings = openingsOf(job, durationSeconds);
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  let clip: EdlClip | null = null;
  let isShown = false;
  let made: Promise<{ executed: number; bytes: number }> = Promise.resolve(NOTHING);

  async function render(it: EdlClip) {
    // what is told of it is told when RENDER takes it
    const quiet: StageContext = { ...context, signal, progress() {}, notice() {} };
    const before = fetchOf(source).bytes;
    await using framer = createFramer(quiet);
    const onWhole: Parameters<typeof renderKept>[2]["onWhole"] = (rendered) => {
      if (signal.aborted) return;
      isShown = true;
      publisher.whole(rendered, it);
    };
    const { executed } = await renderKept(quiet, cache, { source, clips: [it], framer, onWhole });
    return { executed, bytes: fetchOf(source).bytes - before };
  }

  const begin = (it: EdlClip) => {
    log("early_clip", { start: it.segments[0]?.start, end: it.segments.at(-1)?.end, score: it.score });
    made = accounted(ledger.renderedBeside, () => render(it)).catch((error: unknown) => {
      if (!signal.aborted) log("early_clip_failed", { error: String(error) });
      return NOTHING;
    });
  };

  /** @returns whether the next opening is heard, and was looked at */
  const look: OnSure = (upToSeconds, soFar) => {
    const [next] = openings;
    if (next === undefined || upToSeconds < next || clip || signal.aborted) return;
    const { transcript, levels } = soFar();
    const { words, ...rest } = transcript;
    const upTo = Math.min(words.at(-1)?.start ?? 0, levels.dbfs.length * levels.step);
    while (!clip && (openings[0] ?? Number.POSITIVE_INFINITY) <= upTo) {
      const segments = [{ text: "", start: 0, duration: upTo, words }];
      const known = { durationSeconds, title: source.title, levels, ...hintsOf(source.meta) };
      clip = sureClip(job, { ...known, transcript: { ...rest, segments } }, openings.splice(0, 1));
    }
    if (clip) begin(withLook(clip, job));
  };

  return {
    sure(upToSeconds, soFar) {
      try {
        look(upToSeconds, soFar);
      } catch (error) {
        openings.length = 0;
        log("early_clip_failed", { error: String(error) });
      }
    },
    async compared(chosen) {
      openings.length = 0; // what is told from now on comes too late
      if (!clip || isDeepStrictEqual(clip, chosen)) return undefined;
      log("early_clip_differs", { begun: clip.segments, chosen: chosen?.segments, isShown });
      if (isShown) return clip;
      stop.abort();
      await made;
      made = Promise.resolve(NOTHING);
      return undefined;
    },
    ended: () => made,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await made;
    },
  };
}

/** A clip as it is rendered: with the look that the job wishes for. */
export const withLook = (clip: EdlClip, { caption_preset }: StageContext["job"]): EdlClip => ({
  ...clip,
  ...(caption_preset && { caption_preset }),
});

/**
 * The same cache, which gives the clips of this attempt back also where it could not keep them: in the folder where they were made they
 * still lie.
 */
export function remembering(cache: StageCache): StageCache {
  const clips = new Map<string, unknown>();
  const nameOf = ({ sha256 }: EntryKey, dir: string) => `${sha256} ${resolve(dir)}`;
  return {
    ...cache,
    async take<T>(key: EntryKey, into: string, accept?: (kept: Taken<T>) => Promise<boolean>) {
      const name = nameOf(key, into);
      return clips.has(name) ? (clips.get(name) as T) : cache.take<T>(key, into, accept);
    },
    async keep(key, value, files = []) {
      const [file] = files;
      if (key.stage === "RENDER" && file) clips.set(nameOf(key, dirname(file.path)), value);
      await cache.keep(key, value, files);
    },
  };
}
