import { mkdir, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import { fetchFile, messageOf } from "./fetch-model.ts";
import { lockFile } from "./lock-file.ts";

/** A model file that can be fetched. */
export interface ModelFile {
  name: string;
  sizeBytes: number;
  sha256: string;
  /** Path below the hub's base. */
  path: string;
}

/** One revision of the hub's repository, so that the bytes cannot change. */
const REVISION = "ggerganov/whisper.cpp/resolve/5359861c739e955e79d9a303bcbc70fb988958b1";

/**
 * The default on a processor: whisper "base", multilingual, quantised; about 390 MB of memory and 8-15 minutes per hour of speech on two
 * cores. Size and sha256 are those of the hub's Git LFS record; the repository's own list has the SHA-1
 * (a3733eda680ef76256db5fc5dd9de8629e62c5e7).
 */
const BASE: ModelFile = {
  name: "ggml-base-q5_1.bin",
  sizeBytes: 59_707_625,
  sha256: "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898",
  path: `${REVISION}/ggml-base-q5_1.bin`,
};
/**
 * The default on a graphics card: large-v3-turbo, quantised, which hears far better and there is still 40 times faster than one speaks
 * (RTX 4070 Ti). Its SHA-1 in the repository's list: e050f7970618a659205450ad97eb95a18d69c9ee.
 */
const TURBO: ModelFile = {
  name: "ggml-large-v3-turbo-q5_0.bin",
  sizeBytes: 574_041_195,
  sha256: "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2",
  path: `${REVISION}/ggml-large-v3-turbo-q5_0.bin`,
};
/** Its weights, what it computes with, CUDA itself, and a clip that is encoded beside it. */
const TURBO_VRAM_MB = 3000;

/** Which model is fetched where none is named: by what it is to run on. `vramMb`: of the card; null where the driver does not say. */
export function modelFor(device: "gpu" | "cpu", vramMb: number | null = null): ModelFile {
  return device === "gpu" && (vramMb === null || vramMb >= TURBO_VRAM_MB) ? TURBO : BASE;
}

/** Where whisper.cpp publishes its models. */
const MODEL_HUB = "https://huggingface.co";

/** A failed fetch is not tried again for this long: a machine without network would wait in every job. */
export const RETRY_AFTER_MS = 10 * 60_000;
const LOCK_POLL_MS = 500;
const WAY_OUT = "Set MODEL_PATH to a whisper.cpp model file";

/**
 * The whisper.cpp model to use: `modelPath`, else `model`, which is fetched once into `modelsDir`; where it may not be fetched, the one
 * for processors if that is there.
 * Two processes that want it at the same time fetch it once; a broken fetch goes on where it ended.
 * @param options.onWait told what is being waited for, as a line for the user
 * @param options.hub base URL of the model hub
 * @throws KangKlipError MODEL_MISSING, with the way out in its message; the signal's reason when aborted.
 */
export async function findModel(options: {
  modelPath: string | undefined;
  modelsDir: string;
  modelDownload: boolean;
  signal: AbortSignal;
  onWait: (message: string) => void;
  log: (event: string, fields?: Record<string, unknown>) => void;
  model?: ModelFile;
  hub?: string;
}): Promise<string> {
  const { modelPath, modelsDir, modelDownload, signal, onWait, log, model = BASE, hub = MODEL_HUB } = options;
  if (modelPath) {
    if (await modelLanguages(modelPath)) return modelPath;
    throw missing("The file that MODEL_PATH names is not a whisper.cpp model");
  }
  const file = join(modelsDir, model.name);
  const has = async ({ name, sizeBytes }: ModelFile) =>
    (await stat(join(modelsDir, name)).catch(() => undefined))?.size === sizeBytes;
  const isThere = () => has(model);
  if (await isThere()) return file;
  if (!modelDownload && (await has(BASE))) return join(modelsDir, BASE.name);
  if (!modelDownload)
    throw missing(`There is no speech model on this machine, and fetching one is switched off. ${WAY_OUT}`);
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  try {
    await mkdir(modelsDir, { recursive: true });
    for (;;) {
      using lock = lockFile(`${file}.lock`);
      if (await isThere()) return file; // another process was faster
      await throwRecentFailure(file);
      if (!lock) {
        onWait("Waiting for another job that fetches the speech model");
        await sleep(LOCK_POLL_MS, undefined, { signal });
        continue;
      }
      await remembered(file, signal, () =>
        fetchFile({
          ...{ url: `${hub}/${model.path}`, file, sizeBytes: model.sizeBytes, sha256: model.sha256, signal },
          onProgress: (bytes) =>
            onWait(
              `Fetching the speech model, once: ${megabytes(bytes)} of ${megabytes(model.sizeBytes)} MB`,
            ),
        }),
      );
      log("model.fetched", { file, bytes: model.sizeBytes });
      return file;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KangKlipError) throw error;
    throw missing(`The speech model could not be fetched: ${messageOf(error)}. ${WAY_OUT}`, error);
  }
}

/** Writes down why a fetch failed, beside the file that is missing; forgets it when one succeeds. */
async function remembered(file: string, signal: AbortSignal, fetching: () => Promise<void>): Promise<void> {
  try {
    await fetching();
    await rm(`${file}.failed`, { force: true });
  } catch (error) {
    if (!signal.aborted) await writeFile(`${file}.failed`, messageOf(error).slice(0, 200));
    throw error;
  }
}

async function throwRecentFailure(file: string): Promise<void> {
  const written = await stat(`${file}.failed`).catch(() => undefined);
  const ageMs = Date.now() - (written?.mtimeMs ?? 0);
  if (!written || ageMs > RETRY_AFTER_MS) return;
  const reason = await readFile(`${file}.failed`, "utf8").catch(() => "unknown");
  const minutes = Math.max(1, Math.ceil(ageMs / 60_000));
  throw missing(`The speech model could not be fetched ${minutes} min ago: ${reason}. ${WAY_OUT}`);
}

function missing(message: string, cause?: unknown): KangKlipError {
  return new KangKlipError("MODEL_MISSING", message, { cause });
}

/**
 * Which languages a model file knows, from its header; undefined where the file is no whisper.cpp model or cannot be read.
 * Layout (whisper.cpp, models/convert-pt-to-ggml.py): magic, then eleven 32-bit numbers, of which the first counts the vocabulary
 * (51864 English, 51865 multilingual, 51866 large-v3), the second the audio context (1500) and the tenth the mel bands.
 */
export async function modelLanguages(file: string): Promise<"en" | "all" | undefined> {
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(48), 0, 48, 0);
    const [magic, vocabulary = 0, context, mels] = [0, 4, 8, 40].map((at) => buffer.readInt32LE(at));
    const sane = magic === 0x67676d6c && context === 1500 && (mels === 80 || mels === 128);
    if (bytesRead < 48 || !sane || vocabulary < 51_864 || vocabulary > 51_866) return undefined;
    return vocabulary === 51_864 ? "en" : "all";
  } catch {
    return undefined;
  }
}

/** Whether a file is a Silero model, with which whisper.cpp finds speech: magic, then the name with its length before it. */
export async function isVadModel(file: string): Promise<boolean> {
  try {
    await using handle = await open(file);
    const { buffer } = await handle.read(Buffer.alloc(15), 0, 15, 0);
    return buffer.readInt32LE(0) === 0x67676d6c && buffer.toString("latin1", 8, 15) === "silero-";
  } catch {
    return false;
  }
}
