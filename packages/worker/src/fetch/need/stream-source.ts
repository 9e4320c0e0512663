import { copyFile, link, mkdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import { probeMedia } from "../../media/probe.ts";
import type { FetchedSource, SourceByNeed, StageContext } from "../../stage.ts";
import type { Ends } from "../checks.ts";
import type { Fetcher } from "../fetcher.ts";
import { type LocalTrack, localTrack, muxTracks, trackOf } from "../mux.ts";
import { joinParts, type StreamPlan, savedParts } from "../parts.ts";
import { downloaded } from "../progress.ts";
import { captionsOf, refuseOther } from "../stream.ts";
import { NotByNeed } from "./mp4-boxes.ts";
import { picturesIn, sameTimes } from "./stream-look.ts";
import { createStreamNeed, lookInto, type StreamFacts } from "./stream-need.ts";
import { checkWorth, identityOf, type Pieces, piecesOf, sizeOf } from "./stream-pieces.ts";
import { createStore, HEADER, type StreamStore } from "./stream-store.ts";

/** What the clips will want, and how to read the list once more (its addresses may run out). */
interface Want {
  clips: number;
  /** Length of each. */
  seconds: number;
  again: () => Promise<StreamPlan>;
}

/** A stream of which the sound is here, and the first pictures. */
export interface StreamByNeed {
  /** `source.mkv` of the attempt's folder; its times are those of the whole stream. */
  file: string;
  /** For `checkMedia`. */
  ends: Ends;
  captions: FetchedSource["captions"];
  sha256: string;
  /** Of the whole stream, as far as its list says. */
  sizeBytes: number | undefined;
  /** Does not close the fetcher. */
  need: SourceByNeed;
}

/** Sound and picture of a stream end together, but for what is left of a picture or of a packet. */
const SAME_END_SECONDS = 1;
const SOUND_CODEC = /\b(mp4a|ac-3|ec-3|opus|flac)/i;
const SCRATCH = ".stream";
const SOUND_FILE = "stream-sound.media";
const PICTURES_FILE = "stream-pictures.media";

/**
 * Fetches the sound of a stream whole, and of its pictures the first piece: the others when somebody asks for them. Nothing stays behind
 * when it fails, or when it cannot be done.
 * @returns the stream, or in plain words why all of it has to be fetched
 * @throws as `fetchStream` does
 */
export async function streamByNeed(
  context: StageContext,
  fetcher: Fetcher,
  plan: StreamPlan,
  want: Want,
): Promise<StreamByNeed | { reason: string }> {
  const scratch = join(context.dir, SCRATCH);
  const file = join(context.dir, "source.mkv");
  let charged = 0;
  const counting: Fetcher = {
    ...fetcher,
    until: (signal) => ({ ...fetcher.until(signal), charge: counting.charge }),
    charge(bytes) {
      charged += bytes;
      fetcher.charge(bytes);
    },
  };
  try {
    await mkdir(scratch, { recursive: true });
    const pieces = await piecesOf(counting, plan.video, join(scratch, "index"));
    checkWorth(plan, pieces, want);
    return await open({ context, fetcher: counting, plan, pieces, scratch, file, again: want.again });
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    await rm(file, { force: true });
    const reason = whyNot(error);
    if (reason === null) throw error;
    fetcher.charge(-charged);
    return { reason };
  }
}

/** Whether the whole may do better, and why, in plain words; null: it would not. */
function whyNot(error: unknown): string | null {
  if (error instanceof NotByNeed) return error.message;
  const isUnreadable = error instanceof KangKlipError && error.code === "SOURCE_UNREADABLE";
  return isUnreadable ? "its first piece cannot be read by itself" : null;
}

interface Opening {
  context: StageContext;
  fetcher: Fetcher;
  plan: StreamPlan;
  pieces: Pieces;
  scratch: string;
  file: string;
  again: Want["again"];
}

async function open({
  context,
  fetcher,
  plan,
  pieces,
  scratch,
  file,
  again,
}: Opening): Promise<StreamByNeed> {
  const { tools, signal, log } = context;
  const [first] = pieces.pieces;
  if (!first) throw new NotByNeed("the list does not say how long its pieces are");
  const store = createStore(join(scratch, "pieces.media"));
  const beginning = [...(pieces.header ? [pieces.header] : []), first];
  const onMore = tellProgress(context, beginning.length + soundParts(plan).length);
  for await (const { index, append } of savedParts(fetcher, beginning, join(scratch, "first"), onMore))
    await store.add(index + (pieces.header ? HEADER : 0), append);

  const joined = join(scratch, "joined.media");
  await store.join([0], joined);
  const inside = await probeMedia(tools, joined, signal);
  if (!plan.audio && (inside.audio || SOUND_CODEC.test(plan.codecs ?? "")))
    throw new NotByNeed("its sound lies among its pictures");
  const picture = trackOf(joined, inside, plan.video.offsetSeconds);
  const shown = await lookInto(context, store, [0], join(scratch, "look.media"));
  const begins = shown[0]?.at ?? Number.NaN;
  if (Number.isNaN(begins)) throw new NotByNeed("its pictures do not say when they are shown");

  let sound: LocalTrack | null = null;
  if (plan.audio) {
    if (plan.audio.runs.length > 1) throw new NotByNeed("the clock of its sound starts anew in between");
    const soundFile = join(scratch, "sound.media");
    await joinParts(fetcher, soundParts(plan), soundFile, onMore);
    await refuseOther(soundFile);
    sound = await localTrack(context, soundFile, plan.audio.offsetSeconds);
  }
  const starts = [picture, ...(sound ? [sound] : [])].map(({ startSeconds }) => startSeconds);
  const captions = await captionsOf(fetcher, plan, Math.min(...starts)).catch((error) => {
    if (!(error instanceof KangKlipError)) throw error;
    log("captions_skipped", { reason: error.message }); // the video is worth having without them
    return null;
  });
  context.progress(1, "Joining picture and sound");
  const tracks = [picture, ...(sound ? [sound] : [])];
  await muxTracks(context, tracks, { output: file, hasHoles: true });
  await rm(joined);

  const muxed = await probeMedia(tools, file, signal);
  const found = await picturesIn(context, file, [{ to: first.seconds + SAME_END_SECONDS }]);
  const shift = (found[0]?.at ?? Number.NaN) - begins;
  if (!sameTimes(found, shown, shift)) throw new NotByNeed("its pictures do not keep their times");
  const facts: StreamFacts = {
    lengths: pieces.pieces.map(({ seconds }) => seconds),
    ...{ picture: { ...picture, file: "" }, sound, shift, zero: muxed.startSeconds - shift },
    known: [[0, begins]],
  };
  const sha256 = identityOf(plan, pieces);
  const addresses = addressBook({ fetcher, scratch, sha256, again, known: pieces });
  const opened = createStreamNeed({ context, fetcher, scratch, file, store, facts, addresses });

  const soundEnd = sound ? muxed.durationSeconds : Number.NaN;
  const saidSound = plan.audio?.runs[0]?.durationSeconds ?? 0;
  if (saidSound > 0 && Math.abs(soundEnd - muxed.startSeconds - saidSound) > 1 + saidSound * 0.02)
    throw new NotByNeed("its sound is not as long as the list says");
  let pictureEnd = begins + shift + facts.lengths.reduce((sum, seconds) => sum + seconds, 0);
  if (!(Math.abs(pictureEnd - soundEnd) <= SAME_END_SECONDS))
    pictureEnd = (await opened.lastPicture()) + shift + 1 / (inside.video?.fps ?? 30);
  const any = Number.isNaN(soundEnd) ? pictureEnd : Math.max(pictureEnd, soundEnd);
  return {
    file,
    ends: { any, picture: pictureEnd, said: any },
    captions,
    sha256,
    sizeBytes: sizeOf(plan, pieces),
    need: asSource({ opened, fetcher, scratch, store, facts, sha256 }),
  };
}

const soundParts = ({ audio }: StreamPlan) => audio?.runs[0]?.parts ?? [];

function tellProgress({ progress }: StageContext, pieces: number) {
  let [bytes, done] = [0, 0];
  return (moreBytes: number, morePieces: number) => {
    bytes += moreBytes;
    done += morePieces;
    progress(...downloaded(bytes, done > 0 ? (bytes / done) * pieces : null, true));
  };
}

/** Where the pieces are to be had: as it was read first, or from the list as it is now. */
function addressBook(options: {
  fetcher: Fetcher;
  scratch: string;
  sha256: string;
  again: Want["again"];
  known?: Pieces;
}) {
  const { fetcher, scratch, sha256, again } = options;
  let { known } = options;
  return async (fresh: boolean): Promise<Pieces> => {
    if (known && !fresh) return known;
    const plan = await again();
    const pieces = await piecesOf(fetcher, plan.video, join(scratch, "index")).catch((error) => {
      throw error instanceof NotByNeed ? changed(error) : error;
    });
    if (identityOf(plan, pieces) !== sha256) throw changed();
    known = pieces;
    return pieces;
  };
}

const changed = (cause?: unknown) =>
  new KangKlipError("SOURCE_UNREACHABLE", "The stream has become another one while it was read", { cause });

function asSource(options: {
  opened: ReturnType<typeof createStreamNeed>;
  fetcher: Fetcher;
  scratch: string;
  store: StreamStore;
  facts: StreamFacts;
  sha256: string;
}): SourceByNeed {
  const { opened, fetcher, scratch, store, facts, sha256 } = options;
  return {
    pictures: opened.pictures,
    wireBytes: fetcher.wireBytes,
    requests: fetcher.requests,
    async packed(into) {
      await opened.settled();
      const path = join(into, PICTURES_FILE);
      const places = await store.join(store.indexes(), path);
      const files = [{ name: PICTURES_FILE, path }];
      if (facts.sound) {
        const sound = join(into, SOUND_FILE);
        await link(facts.sound.file, sound).catch(() => copyFile(facts.sound?.file ?? "", sound));
        files.push({ name: SOUND_FILE, path: sound });
      }
      return { files, state: { ...facts, known: opened.known(), places, sha256 } satisfies State };
    },
    async close() {
      await opened.settled();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

const time = z.number();
const Local = z.object({
  ...{ file: z.string(), isList: z.boolean(), container: z.string() },
  ...{ startSeconds: time, ownStartSeconds: time },
});
/** What whoever opens a kept stream again has to know. */
const State = z.object({
  lengths: z.array(z.number().positive()),
  ...{ picture: Local, sound: Local.nullable(), zero: time, shift: time },
  known: z.array(z.tuple([z.int().min(0), time])).min(1),
  places: z.array(z.tuple([z.int().min(HEADER), z.int().min(0), z.int().min(0)])),
  sha256: z.string(),
});
type State = z.infer<typeof State>;

/**
 * Opens a stream again that was packed. Nothing is fetched, nor is its list read, until somebody asks for pictures that are not there.
 * @param kept.dir where the packed files are @param kept.file where the file of sound and first pictures is made
 * @throws KangKlipError SOURCE_UNREADABLE where what was kept does not fit together
 */
export async function reopenStream(
  context: StageContext,
  fetcher: Fetcher,
  kept: { state: unknown; dir: string; file: string; again: Want["again"] },
): Promise<SourceByNeed> {
  const { places, sha256, ...state } = State.parse(kept.state);
  const scratch = join(context.dir, SCRATCH);
  const packed = join(kept.dir, PICTURES_FILE);
  const { size } = await stat(packed);
  if (places.some(([, start, length]) => start + length > size))
    throw new Error(`${basename(packed)} does not hold what it should`);
  await mkdir(scratch, { recursive: true });
  const given = new Map(places.map(([index, start, length]) => [index, { file: packed, start, length }]));
  const store = createStore(join(scratch, "pieces.media"), given);
  const sound = state.sound && { ...state.sound, file: join(kept.dir, SOUND_FILE) };
  const facts: StreamFacts = { ...state, sound };
  const joined = join(scratch, "joined.media");
  try {
    await store.join([0], joined);
    const tracks = [{ ...facts.picture, file: joined }, ...(sound ? [sound] : [])];
    await muxTracks(context, tracks, { output: kept.file, hasHoles: true });
    await rm(joined);
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
  const addresses = addressBook({ fetcher, scratch, sha256, again: kept.again });
  const opened = createStreamNeed({ context, fetcher, scratch, file: kept.file, store, facts, addresses });
  return asSource({ opened, fetcher, scratch, store, facts, sha256 });
}
