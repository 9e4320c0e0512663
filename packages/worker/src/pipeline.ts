import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactName, ClaimAnswer, EditOrder, Edl, EdlClip } from "@kangklip/contract";
import type { ApiClient } from "./api-client.ts";
import { recognisers } from "./asr/recognisers.ts";
import { once, REUSED } from "./cache/once.ts";
import type { StageCache } from "./cache/stage-cache.ts";
import { createEarlyClip, type EarlyClip, noEarlyClip, remembering, withLook } from "./early.ts";
import { createFramer, faceLog } from "./frame/framer.ts";
import { machineFacts } from "./machine.ts";
import { fetchOf, manifestOf, qcOf, withFraming } from "./manifest.ts";
import { createLedger, type Ledger, receiptOf, type StageDone } from "./receipt.ts";
import type { Reporter } from "./reporter.ts";
import { hintsOf } from "./select/hints.ts";
import { keyFrameShots } from "./select/key-shots.ts";
import { type Fetched, fetchSource, keyPictures, tellOfSource } from "./source.ts";
import type {
  FetchedSource,
  RenderedClip,
  SelectInput,
  Selection,
  StageContext,
  Transcript,
} from "./stage.ts";
import { chunk } from "./stages/chunk.ts";
import { bytesOf, createPublisher, noPublisher, type Publisher, uploadAll } from "./stages/publish.ts";
import { renderKept } from "./stages/render-kept.ts";
import { select } from "./stages/select.ts";
import { type OnSure, type Transcribed, transcribe } from "./stages/transcribe.ts";
import { fileFacts, upload } from "./stages/upload.ts";
import { machineWalls, wallsNote } from "./walls.ts";

interface PipelineOptions {
  job: ClaimAnswer["job"];
  context: Omit<StageContext, "job" | "progress" | "notice">;
  api: Pick<ApiClient, "presign" | "complete" | "publish" | "rank" | "translate">;
  reporter: Pick<Reporter, "enter" | "progress" | "notice" | "source">;
  /** What this machine keeps of finished stages. */
  cache: StageCache;
}

/** What the stages of one job have in common. */
export interface Run {
  context: StageContext;
  api: PipelineOptions["api"];
  cache: StageCache;
  ledger: Ledger;
  /** Writes an artifact of JSON into the attempt's folder; what it said before makes way. */
  keep(name: ArtifactName, value: unknown): Promise<void>;
}

/**
 * The six stages in order, each a function from files and values to files and values; what this machine has kept of one is not done
 * again. Every artifact ends up in the store, the manifest last. The job of an edit renders its clip and does nothing else.
 * @returns sha256 of the manifest. @throws what a stage throws, or the abort's reason
 */
export async function runPipeline({
  job,
  context: given,
  api,
  reporter,
  cache,
}: PipelineOptions): Promise<string> {
  const notices: string[] = [];
  const context: StageContext = {
    ...given,
    job,
    progress: reporter.progress,
    notice: (text) => {
      notices.push(text);
      reporter.notice(text);
    },
    freeUp: cache.freeUp,
  };
  const files: ArtifactName[] = [];
  const keep = async (name: ArtifactName, value: unknown) => {
    await writeFile(join(context.dir, name), JSON.stringify(value));
    if (!files.includes(name)) files.push(name);
  };
  const run: Run = { context, api, cache: remembering(cache), keep, ledger: createLedger(reporter.enter) };

  await using fetched = await fetchSource(run);
  const { source } = fetched;
  reporter.source(source.title, source.info.durationSeconds);
  // a clip that is whole is on its way while the others are made
  await using publisher = job.edit ? noPublisher : createPublisher({ context, api });
  await using early = job.edit ? noEarlyClip : createEarlyClip(run, source, publisher);
  const planned = job.edit ? passedThrough(run, job.edit, source) : await chooseClips(run, source, early);
  const { transcript, selection } = planned;
  const { edl, rendered } = await makeClips(run, fetched, { planned, early, publisher });
  for (const { files: made } of rendered)
    files.push(...Object.values(made).filter((name): name is ArtifactName => name !== null));

  run.ledger.enter("UPLOAD");
  const facts = await uploadAll(context, api, { files, publisher });
  const outputBytes = bytesOf(facts);
  run.ledger.done("UPLOAD", { device: "network", executed: 1, reused: 0, bytes_out: outputBytes });
  const made = {
    ...{ source, transcript, rendered, notices },
    selection: selection ?? { mode: "heuristic" as const, selector: "none" },
    walls: wallsNote(await machineWalls()),
    machine: await machineFacts(context),
    cacheNotes: cache.notes(),
  };
  await keep("receipt.json", receiptOf(context, made, run.ledger, outputBytes));
  const receipt = await fileFacts(context.dir, "receipt.json");
  await upload(context, api, [receipt]);
  const seconds = run.ledger.seconds();
  const manifest = manifestOf(context, {
    ...{ source, transcript, selection, edl, rendered, notices, seconds },
    facts: [...facts, receipt],
  });
  await writeFile(join(context.dir, "manifest.json"), JSON.stringify(manifest));
  const manifestFacts = await fileFacts(context.dir, "manifest.json");
  await upload(context, api, [manifestFacts]);
  return manifestFacts.sha256;
}

/** How often a stage's work was done, which is either once or not at all. */
const count = (device: StageDone["device"], reused: boolean): StageDone => ({
  device,
  executed: reused ? 0 : 1,
  reused: reused ? 1 : 0,
});

interface Planned {
  edl: Edl;
  /** Null for an edit: nobody listened, and nobody chose. */
  transcript: Transcript | null;
  selection: Selection | null;
  /** Bytes that had come when all was heard of a sound that came late. */
  heardBytes?: number | undefined;
}

/** The three stages between the video and the clips have nothing to do where the clip is known. */
function passedThrough({ context, ledger }: Run, { clip }: EditOrder, source: FetchedSource): Planned {
  for (const stage of ["TRANSCRIPT", "CHUNK", "SELECT"] as const) {
    ledger.enter(stage);
    context.progress(1, "Nothing to do: one clip is rendered anew");
    ledger.done(stage, { device: "cpu", executed: 0, reused: 0 });
  }
  const edl = { job_id: context.job.job_id, clips: [clip], version: 2 };
  return { edl: { ...edl, source_seconds: source.info.durationSeconds }, transcript: null, selection: null };
}

/** TRANSCRIPT, CHUNK and SELECT. */
async function chooseClips(run: Run, source: FetchedSource, early: EarlyClip): Promise<Planned> {
  const { context, ledger, keep, cache } = run;
  const { durationSeconds } = source.info;
  const done = (reused: boolean) => {
    if (reused) context.progress(1, REUSED);
    return reused;
  };

  ledger.enter("TRANSCRIPT");
  const before = fetchOf(source).bytes;
  const heard = await hear(run, source, early.sure);
  const { transcript, sound } = heard.value;
  const onCard = transcript.notes?.some((note) => note.startsWith("Whisper ran on the graphics card"));
  const heardBytes = source.need?.sound && fetchOf(source).bytes; // with what an early clip has fetched beside the sound
  ledger.done("TRANSCRIPT", {
    ...count(onCard ? "gpu" : "cpu", done(heard.reused)),
    ...(heardBytes !== undefined && { bytes_in: heardBytes - before }),
  });
  await keep("transcript.json", transcript.segments);

  ledger.enter("CHUNK");
  const { notes: _, ...said } = transcript;
  const cut = await once(context, cache, { stage: "CHUNK", inputs: { said, durationSeconds } }, async () => ({
    value: chunk(transcript, durationSeconds),
  }));
  ledger.done("CHUNK", count("cpu", done(cut.reused)));
  await keep("chunks.json", cut.value);

  ledger.enter("SELECT");
  const { title } = source;
  const input = { durationSeconds, title, transcript, sound, chunks: cut.value, ...hintsOf(source.meta) };
  const first = await choose(run, source, input);
  const shown = await early.compared(first.value.edl.clips[0]);
  const chosen = shown ? await choose(run, source, { ...input, shown }) : first;
  const selection = chosen.value;
  const { usage } = selection;
  ledger.done("SELECT", {
    ...count(selection.mode === "llm_api" ? "model" : "cpu", done(chosen.reused)),
    ...(usage && !chosen.reused && usage),
  });
  const clips = selection.edl.clips.map((clip) => withLook(clip, context.job));
  return { edl: { ...selection.edl, clips }, transcript, selection, heardBytes };
}

/** What is said depends on the sound, on who listens, and on the language that was asked for. */
async function hear(
  { context, cache }: Run,
  source: FetchedSource,
  onSure: OnSure,
): Promise<{ value: Transcribed; reused: boolean }> {
  const { language, fetch_policy } = context.job;
  const inputs = async () => ({
    ...{ source: source.sha256, captions: source.captions, language, ffmpeg: context.tools.version },
    ...{ most: fetch_policy.max_seconds, recognisers: await recognisers(context) },
  });
  const waiting = "Waiting for another job that listens to the same video";
  return once(context, cache, { stage: "TRANSCRIPT", inputs: await inputs(), waiting }, async (inner) => {
    const value = await transcribe(inner, source, undefined, onSure);
    // a model that was fetched meanwhile is there from now on
    return { value, standsMs: value.standsMs, inputs: await inputs() };
  });
}

/** What is chosen depends on everything that was heard and wished for, and not on how it will look. */
async function choose(
  { context, api, cache }: Run,
  source: FetchedSource,
  input: Omit<SelectInput, "rank" | "translate" | "shots">,
): Promise<{ value: Selection; reused: boolean }> {
  const { job, signal } = context;
  const {
    job_id,
    epoch,
    source: _s,
    fetch_policy: _f,
    caption_preset: _c,
    preview: _p,
    edit: _e,
    wasted_attempts: _w,
    ...wishes
  } = job;
  const rank: SelectInput["rank"] = job.can_rank
    ? (asked) => api.rank({ ...asked, job_id, epoch }, signal)
    : null;
  const translate: SelectInput["translate"] = job.can_rank
    ? (asked) => api.translate({ ...asked, job_id, epoch }, signal)
    : null;
  const { notes: _n, ...transcript } = input.transcript;
  const inputs = { ...input, transcript, wishes, source: source.sha256, ffmpeg: context.tools.version };
  const { value, reused } = await once(context, cache, { stage: "SELECT", inputs }, async (inner) => {
    const hasWords = input.transcript.segments.length > 0;
    // where nothing is said, pictures are all there is to go by
    const shots = hasWords
      ? []
      : await keyFrameShots({
          ...seen(inner, await keyPictures(source)),
          durationSeconds: source.info.durationSeconds,
          isPartial: source.need !== undefined,
        });
    const selection = await select(inner, { ...input, shots, rank, translate });
    // without its model the choice, or its captions, are not what was asked for
    return { value: selection, standsMs: selection.isSecondBest ? 0 : Number.POSITIVE_INFINITY };
  });
  return { value: { ...value, edl: { ...value.edl, job_id } }, reused };
}

const seen = ({ tools, signal, progress }: StageContext, file: string) => ({
  tools,
  file,
  signal,
  onProgress: (fraction: number) => progress(fraction * 0.9, "Looking for scene changes"),
});

/** RENDER and what is told of the clips. */
async function makeClips(
  run: Run,
  { source, keepMore }: Pick<Fetched, "source" | "keepMore">,
  { planned, early, publisher }: { planned: Planned; early: EarlyClip; publisher: Publisher },
): Promise<{ edl: Edl; rendered: RenderedClip[] }> {
  const { context, cache, ledger, keep } = run;
  ledger.enter("RENDER");
  const { clips } = planned.edl;
  context.progress(0, `Preparing clip 1 of ${clips.length}`);
  const before = await early.ended();
  const had = planned.heardBytes ?? fetchOf(source).bytes - before.bytes;
  const onWhole = (made: RenderedClip) => {
    const clip = clips.find(({ index }) => index === made.index);
    if (clip) publisher.whole(made, clip);
  };
  const made = await renderedBy(context, cache, { source, clips, onWhole });
  const { rendered } = made;
  const executed = before.executed + made.executed;
  if (executed === 0) context.progress(1, REUSED);
  const sizes = await Promise.all(rendered.map(({ files }) => stat(join(context.dir, files.clip))));
  if (source.need) {
    await keepMore();
    await tellOfSource(run, source);
  }
  ledger.done("RENDER", {
    device: rendered.some(({ encoder }) => encoder === "h264_nvenc") ? "gpu" : "cpu",
    ...{ executed, reused: rendered.length - executed },
    ...(source.need && { bytes_in: fetchOf(source).bytes - had }),
    bytes_out: sizes.reduce((sum, { size }) => sum + size, 0),
  });
  const edl = withFraming(planned.edl, rendered);
  await keep("edl.json", edl);
  await keep("qc.json", qcOf(context.job.job_id, rendered));
  if (!context.job.edit) await keep("face_log.json", faceLog(rendered));
  return { edl, rendered };
}

/** The detector ends with the stage, so that what it took counts there. */
async function renderedBy(
  context: StageContext,
  cache: StageCache,
  work: { source: FetchedSource; clips: EdlClip[]; onWhole: (made: RenderedClip) => void },
) {
  await using framer = createFramer(context);
  return await renderKept(context, cache, { ...work, framer });
}
