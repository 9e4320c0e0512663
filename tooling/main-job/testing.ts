import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { endLaunches, startTestApi } from "../../packages/api/src/testing.ts";
import {
  ArtifactName,
  artifactKey,
  ChunksFile,
  type CreateJob,
  Edl,
  FaceLog,
  type JobId,
  Manifest,
  Receipt,
  TranscriptFile,
  VideoStats,
} from "../../packages/contract/src/index.ts";
import { ffmpeg, temporaryDir } from "../../packages/worker/src/asr/testing.ts";
import { type Route, startOrigin } from "../../packages/worker/src/fetch/testing-server.ts";

/** Longer than any job of these tests takes, also where the cores are shared with other work. */
export const JOB_MS = 150_000;

export type MainJob = Awaited<ReturnType<typeof startMainJob>>;

/**
 * Everything that a job needs, for real: the API, workers as people run them, and a server on loopback, the one private origin that
 * videos may come from. It serves `routes` and the files of `folder`. Clips are small, models are not fetched, there is no yt-dlp.
 */
export async function startMainJob({
  routes = {},
  env = {},
}: {
  routes?: Record<string, Route>;
  env?: Record<string, string>;
} = {}) {
  const temporary = await temporaryDir();
  const folder = join(temporary.dir, "sources");
  const dataDir = join(temporary.dir, "data");
  mkdirSync(folder);
  const origin = await startOrigin(routes, folder);
  const settings = {
    ...{ ALLOW_SOURCE_ORIGINS: origin.origin, YTDLP_PATH: "/nowhere/yt-dlp", MODEL_DOWNLOAD: "off" },
    ...{ RENDER_RESOLUTION: "270x480", RENDER_PRESET: "ultrafast", RENDER_CRF: "35" }, // small enough at once
    ...{ MAX_RUNNING_JOBS: "2" },
    ...(process.env.FFMPEG_PATH && { FFMPEG_PATH: process.env.FFMPEG_PATH }),
    ...env,
  };
  let api = await startTestApi({ realWorker: true, keep: true, dataDir, env: settings });
  /** Folders of launches that are there now. */
  const launches = () => readdirSync(join(dataDir, "launches")).filter((name) => name.startsWith("kk-"));
  return {
    ...{ origin: origin.origin, requests: origin.requests, folder, dataDir, launches, settings },
    api: () => api,

    /** Asks for clips of a path at the server, or of a whole address. */
    create: (path: string, request: Partial<CreateJob> = {}) =>
      api.trpc().jobs.create.mutate({
        video_url: path.startsWith("/") ? `${origin.origin}${path}` : path,
        ...{ clip_duration_seconds: 30, clip_count: 1, language: "en" as const },
        ...request,
      }),

    /** Waits until nothing is left to be done for any job. */
    async settled(): Promise<void> {
      const from = performance.now();
      while ((await api.services.store.active()).length > 0) {
        if (performance.now() - from > 30_000) throw new Error("something is still being looked after");
        await new Promise((wait) => setTimeout(wait, 50));
      }
    },

    /** Stops the API in good order, waits, and starts it again on its port with its data; workers go on meanwhile. */
    async restart(pauseMs: number): Promise<void> {
      const port = new URL(api.url).port;
      await api.stop();
      await new Promise((wait) => setTimeout(wait, pauseMs));
      api = await startTestApi({ realWorker: true, keep: true, dataDir, env: { ...settings, PORT: port } });
    },

    async [Symbol.asyncDispose]() {
      await api.stop();
      endLaunches(dataDir);
      await origin[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

interface VideoOptions {
  seconds: number;
  /** lavfi graph of the picture; by default one of the clips' own shape, in which nobody looks for faces. */
  picture?: string;
  /** lavfi graph or a file of the sound; null: none. By default a track without a sound. */
  sound?: string | null;
  output?: string[];
}

/** Makes a small MP4 with its index in front. */
export async function makeVideo(file: string, options: VideoOptions): Promise<string> {
  const {
    seconds,
    picture = "color=c=0x405060:s=90x160:r=10",
    sound = "anullsrc=r=48000:cl=mono",
    output = [],
  } = options;
  const inputs = ["-f", "lavfi", "-i", picture];
  if (sound?.endsWith(".wav")) inputs.push("-i", sound);
  else if (sound) inputs.push("-f", "lavfi", "-i", sound);
  const encoding = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "20",
    "-b:a",
    "48k",
  ];
  await ffmpeg(...inputs, "-t", `${seconds}`, ...encoding, "-movflags", "+faststart", ...output, file);
  return file;
}

const SCHEMAS = {
  "transcript.json": TranscriptFile,
  "chunks.json": ChunksFile,
  "edl.json": Edl,
  "video_stats.json": VideoStats,
  "face_log.json": FaceLog,
  "receipt.json": Receipt,
} as const;

/** All that is stored of a job. */
export async function storedFiles({ api }: MainJob, id: JobId): Promise<Map<string, Buffer>> {
  const { artifacts } = api().services;
  const files = new Map<string, Buffer>();
  for await (const key of artifacts.list(`jobs/${id}/`))
    files.set(key.slice(`jobs/${id}/`.length), await buffer((await artifacts.get(key)).body));
  return files;
}

/** A job's artifacts, read with the contract's schemas; each is compared with the manifest. @throws where one is not as it says */
export async function readArtifacts(job: MainJob, id: JobId) {
  const files = await storedFiles(job, id);
  const json = (name: keyof typeof SCHEMAS | "manifest.json" | "meta.json"): unknown =>
    JSON.parse(files.get(name)?.toString("utf8") ?? `${name} is missing`);
  const manifest = Manifest.parse(json("manifest.json"));
  const listed = new Map(manifest.files?.map((file) => [file.name as string, file]));
  for (const [name, bytes] of files) {
    ArtifactName.parse(name);
    if (name === "manifest.json") continue;
    const { size_bytes, sha256 } = listed.get(name) ?? {};
    if (size_bytes !== bytes.length || sha256 !== createHash("sha256").update(bytes).digest("hex"))
      throw new Error(`${name} is not what the manifest says`);
  }
  return {
    names: [...files.keys()].sort(),
    manifest,
    transcript: TranscriptFile.parse(json("transcript.json")),
    chunks: ChunksFile.parse(json("chunks.json")),
    edl: Edl.parse(json("edl.json")),
    stats: VideoStats.parse(json("video_stats.json")),
    faces: FaceLog.parse(json("face_log.json")),
    receipt: Receipt.parse(json("receipt.json")),
    meta: json("meta.json") as Record<string, unknown>,
    text: (name: ArtifactName) => files.get(name)?.toString("utf8") ?? "",
    bytes: (name: ArtifactName) => files.get(name) ?? Buffer.alloc(0),
    missing: [...listed.keys()].filter((name) => !files.has(name)),
    path: (name: ArtifactName) => join(job.dataDir, "artifacts", artifactKey(id, name)),
  };
}

/** A process of this machine, as Linux tells. */
interface Process {
  pid: number;
  /** Of its program, as far as 15 letters go. */
  name: string;
  parent: number;
  group: number;
}

/** Processes that do something: zombies are none. */
export function runningProcesses(): Process[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const text = readFileSync(`/proc/${entry}/stat`, "utf8");
      const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(") "));
      const [state, parent, group] = text.slice(text.lastIndexOf(") ") + 2).split(" ");
      if (state === "Z") return [];
      return [{ pid: Number(entry), name, parent: Number(parent), group: Number(group) }];
    } catch {
      return []; // it ended between the look at the list and the look at it
    }
  });
}

/** The process that leads a launch's group. */
export const leaderOf = ({ dataDir }: Pick<MainJob, "dataDir">, launch: string): number =>
  JSON.parse(readFileSync(join(dataDir, "launches", launch, "pid"), "utf8")).pid;
