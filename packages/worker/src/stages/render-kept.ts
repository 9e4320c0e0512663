import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { EdlClip } from "@kangklip/contract";
import type { EntryKey } from "../cache/key.ts";
import { keysOf, lastTime, once } from "../cache/once.ts";
import type { StageCache } from "../cache/stage-cache.ts";
import { installedFonts } from "../captions/installed-fonts.ts";
import type { Framer } from "../frame/framer.ts";
import { machineFacts } from "../machine.ts";
import type { FetchedSource, Framing, RenderedClip, StageContext } from "../stage.ts";
import { renderClips } from "./render.ts";
import { keepAsBefore, keptParts } from "./render-parts.ts";

/** What is kept of a clip beside its files. */
export interface KeptClip {
  rendered: RenderedClip;
  notices: string[];
}

/**
 * RENDER: the clips of an EDL, in its order. A clip that this machine has rendered before from the same source with the same settings is
 * taken as it was, and each that is new is kept as soon as it is whole: an attempt that is killed has lost no finished clip.
 * @param onWhole told of each clip as soon as it lies in the attempt's folder, wherever it comes from
 * @returns the clips, and how many of them had to be rendered
 */
export async function renderKept(
  context: StageContext,
  cache: StageCache,
  {
    source,
    clips,
    framer,
    onWhole,
  }: {
    source: FetchedSource;
    clips: EdlClip[];
    framer: Framer;
    onWhole: (made: RenderedClip) => void;
  },
): Promise<{ rendered: RenderedClip[]; executed: number }> {
  const { dir, signal } = context;
  const inputs = await renderInputs(context, source);
  const plans = await Promise.all(
    clips.map(async (clip) => {
      const shown = asRendered(clip);
      return {
        clip: shown,
        ...(await keysOf(context, { stage: "RENDER", inputs: { ...inputs, clip: shown } })),
      };
    }),
  );
  const rendered = new Map<number, RenderedClip>();
  const said = new Set<string>();
  const tell = (notices: readonly string[]) => {
    for (const text of notices) if (!said.has(text)) context.notice(text);
    for (const text of notices) said.add(text);
  };
  const takeKept = async () => {
    for (const { clip, shared, own } of plans) {
      if (rendered.has(clip.index)) continue;
      const kept = (await cache.take<KeptClip>(shared, dir)) ?? (await cache.take<KeptClip>(own, dir));
      if (!kept) continue;
      tell(kept.notices);
      rendered.set(clip.index, kept.rendered);
      onWhole(kept.rendered);
    }
  };
  const missing = () => plans.filter(({ clip }) => !rendered.has(clip.index));
  const all = () => clips.flatMap(({ index }) => rendered.get(index) ?? []);

  await takeKept();
  const onWait = () => context.progress(0, "Waiting for another job that renders the same clip");
  const wanted: EntryKey[] = missing().map(({ shared }) => shared);
  if (wanted.length === 0) return { rendered: all(), executed: 0 };
  return cache.alone(wanted, { signal, onWait }, async () => {
    await takeKept(); // another job may have been faster
    const notices: string[] = [];
    const work: StageContext = {
      ...context,
      notice: (text) => {
        notices.push(text);
        tell([text]);
      },
    };
    const left = missing();
    if (left.length === 0) return { rendered: all(), executed: 0 };
    const wanting = left.map(({ clip }) => clip);
    const frame = async (clip: EdlClip, from: FetchedSource) => {
      const found = await framed(work, cache, { source: from, clip, framer });
      // its detector would wait while the first clip has all cores, and after the last it has nothing to do
      if (clip === wanting[0] || clip === wanting.at(-1)) await framer[Symbol.asyncDispose]();
      return found;
    };
    const kept = keptParts(work, cache, inputs);
    const places = plans.map(({ clip }) => clip);
    for await (const made of renderClips(work, source, wanting, frame, { kept, all: places })) {
      rendered.set(made.index, made);
      const plan = left.find(({ clip }) => clip.index === made.index);
      const files = Object.values(made.files).filter((name) => name !== null);
      const entry: KeptClip = {
        rendered: made,
        notices: notices.filter((text) => isAbout(text, made.index)),
      };
      if (!plan) continue;
      onWhole(made);
      const whose = isAsGoodAsCanBe(made) ? "shared" : "own";
      await cache.keep(
        plan[whose],
        entry,
        files.map((name) => ({ name, path: join(dir, name) })),
      );
      const version = { inputs, clip: plan.clip, made, render: plan[whose], whose } as const;
      await keepAsBefore(work, cache, version);
      // as the EDL has it from now on: rendered from there, it is the same clip
      const clip = { ...plan.clip, framing: made.framing.frames };
      const again = await keysOf(context, { stage: "RENDER", inputs: { ...inputs, clip } });
      if (again[whose].sha256 !== plan[whose].sha256) await cache.keepAlso(again[whose], plan[whose]);
    }
    return { rendered: all(), executed: left.length };
  });
}

/** What is not seen or heard in a clip is not handed to the renderer either, so that it cannot come to depend on it. */
const asRendered = (clip: EdlClip): EdlClip => ({
  ...clip,
  ...{ title: "", hook: "", reason: "", score: null, score_parts: {}, revision: 1 },
});

/** Notices about one clip begin with its number; the others are about all. */
function isAbout(text: string, index: number): boolean {
  const [, number] = /^Clip (\d+)\b/.exec(text) ?? [];
  return number === undefined || Number(number) === index;
}

/** Not where something broke that may work for the next job. */
const isAsGoodAsCanBe = ({ qc, framing }: RenderedClip): boolean =>
  framing.backend !== "unavailable" &&
  !qc.repairs.some((repair) => ["cpu", "encoded_again"].includes(repair));

export type RenderInputs = Awaited<ReturnType<typeof renderInputs>>;

/** Everything besides the clip itself by which its files would differ. */
async function renderInputs({ job, tools, settings, signal }: StageContext, source: FetchedSource) {
  const { nvenc, nvdec, gpu } = await machineFacts({ tools, settings, signal });
  const { encoder, threads, gpu: card, captionColours, ...others } = settings;
  const shape = Object.entries(others).filter(([name]) => /^(render|caption)[A-Z]/.test(name));
  return {
    ...{ source: source.sha256, preview: job.preview },
    settings: { encoder, threads, card, captionColours, ...Object.fromEntries(shape) } as Record<
      string,
      unknown
    >,
    machine: { gpu: gpu && { name: gpu.name, driver: gpu.driver }, nvenc: nvenc.code, nvdec: nvdec.code },
    ffmpeg: tools.version,
    fonts: await installedFonts(),
  };
}

/** What the framing may depend on: what is cut, and when words are said. */
const withTimesAlone = ({ index, segments, words }: EdlClip): EdlClip => ({
  ...{ index, title: "", hook: "", reason: "", score: null, score_parts: {}, revision: 1 },
  segments: segments.map(({ start, end }) => ({ start, end, text: "" })),
  words: words.map(({ start, end }) => ({ start, end, word: "" })),
  ...{ framing: [], overrides: [] },
});

/**
 * Where the window lies over a clip. What was found without anybody's wishes is kept: captions have no part in it, so that others do not look
 * for faces again, and wishes are laid over it. A clip that brings its framing along is not looked at; what was seen of it then still counts.
 */
async function framed(
  context: StageContext,
  cache: StageCache,
  { source, clip, framer }: { source: FetchedSource; clip: EdlClip; framer: Framer },
): Promise<Framing> {
  const { renderWidth, renderHeight, renderMaxFps, threads } = context.settings;
  const bare = withTimesAlone(clip);
  const inputs = {
    ...{ source: source.sha256, segments: bare.segments, words: bare.words },
    ...{ renderWidth, renderHeight, renderMaxFps, threads, ffmpeg: context.tools.version },
  };
  const task = { stage: "FRAMING", inputs };
  // where other words are said in what was framed already, what was seen of it is the same
  const seenAlready = { stage: "FRAMING", inputs: { ...inputs, words: null } };
  const look = async (): Promise<Framing> => {
    const { value } = await once(context, cache, task, async () => {
      const found = await framer.frame(bare, source);
      return { value: found, standsMs: found.backend === "unavailable" ? 0 : Number.POSITIVE_INFINITY };
    });
    if (value.backend !== "unavailable") await once(context, cache, seenAlready, async () => ({ value }));
    return value;
  };
  const broughtAlong = async (): Promise<Framing> => {
    for (const one of [task, seenAlready]) {
      const before = await lastTime<Framing>(context, cache, one);
      if (before && isDeepStrictEqual(before.frames, clip.framing)) return before;
    }
    return framer.frame({ ...clip, overrides: [] }, source);
  };
  const seen = await (clip.framing.length > 0 ? broughtAlong() : look());
  if (clip.overrides.length === 0) return seen;
  const { shown } = await framer.frame({ ...clip, framing: seen.frames }, source);
  return { ...seen, shown };
}
