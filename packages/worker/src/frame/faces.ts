import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "../child.ts";
import type { Face } from "./blazeface.ts";
import { HEADER_BYTES, MANNERS, type Manner, type Reply } from "./face-search.ts";
import type { Picture } from "./picture.ts";

const CHILD = fileURLToPath(new URL("./faces-child.ts", import.meta.url));
/** Loading takes a second and a picture a tenth of one; a machine that needs longer than this does not answer at all. */
const ANSWER_WITHIN_MS = 60_000;
const STDERR_KEPT = 2000;
/** Five times what it takes. */
const MEMORY_BYTES = 1024 ** 3;

/** Why no faces can be found: the words of 1.x's face_log.json, and what happened. */
interface FaceFailure {
  reason: "model_missing" | "face_detect_failed";
  error: string;
}

export interface FaceFinder {
  /**
   * The faces of a picture, in its pixels, best first; null where the finder left the picture out or has failed. Pictures
   * queue up: call it without waiting for the answer before. Pictures that follow one another evenly need no `manner`.
   */
  find(picture: Picture, manner?: Manner): Promise<Face[] | null>;
  /** Set from the moment when the finder cannot go on. */
  failure(): FaceFailure | null;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The folder of the weights inside the package that ships them; its exports map hides all but the entry file. */
function shippedModel(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("@vladmandic/human")), "..", "models");
}

/**
 * Starts the detector's process. Nothing throws: a finder that cannot work says so by `failure()`, and the clip is framed
 * without faces. The process dies with `signal`, with the dispose, and with this process.
 */
export async function createFaceFinder({
  modelDir,
  signal,
}: {
  modelDir?: string | undefined;
  signal: AbortSignal;
}): Promise<FaceFinder> {
  signal.throwIfAborted();
  let failure: FaceFailure | null = null;
  try {
    const folder = modelDir ?? shippedModel();
    await Promise.all(["blazeface.json", "blazeface.bin"].map((name) => access(join(folder, name))));
    return await startFinder(folder, signal);
  } catch (cause) {
    failure = { reason: "model_missing", error: cause instanceof Error ? cause.message : String(cause) };
    return { find: async () => null, failure: () => failure, async [Symbol.asyncDispose]() {} };
  }
}

async function startFinder(folder: string, signal: AbortSignal): Promise<FaceFinder> {
  const child = await startChild(process.execPath, [CHILD, folder], {
    stdio: ["pipe", "ignore", "pipe", "ipc"],
    ...{ memoryBytes: MEMORY_BYTES, fileBytes: 0 },
  });
  const waiting: ((faces: Face[] | null) => void)[] = [];
  let failure: FaceFailure | null = null;
  let stderr = "";
  const fail = (error: string) => {
    failure ??= { reason: "face_detect_failed", error };
    clearTimeout(deadline);
    child.kill("SIGKILL");
    for (const answer of waiting.splice(0)) answer(null);
  };
  const late = () => fail(`The face detector did not answer within ${ANSWER_WITHIN_MS / 1000} s`);
  let deadline: NodeJS.Timeout | undefined;

  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-STDERR_KEPT);
  });
  child.stdin?.on("error", () => {}); // the end of the process says more than EPIPE
  child.on("error", (error) => fail(error.message));
  child.on("message", (reply: Reply) => {
    if ("failed" in reply) return fail(reply.failed);
    waiting.shift()?.(reply.faces);
    if (waiting.length > 0) deadline?.refresh();
    else clearTimeout(deadline);
  });
  const onAbort = () => fail("The job was stopped");
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const closed = new Promise<void>((resolve) => {
    child.once("close", (code, killedBy) => {
      signal.removeEventListener("abort", onAbort);
      fail(`The face detector ended with ${code ?? killedBy}: ${stderr.trim().split("\n").at(-1)}`);
      resolve();
    });
  });

  return {
    find: ({ width, height, data }, manner = "next") => {
      if (failure) return Promise.resolve(null);
      const message = Buffer.allocUnsafeSlow(HEADER_BYTES + data.length); // a copy: whoever stops waiting may give the picture's memory back
      message.writeUInt32LE(width, 0);
      message.writeUInt16LE(height, 4);
      message.writeUInt16LE(MANNERS.indexOf(manner), 6);
      message.set(data, HEADER_BYTES);
      child.stdin?.write(message);
      return new Promise((resolve) => {
        if (waiting.push(resolve) === 1) deadline = setTimeout(late, ANSWER_WITHIN_MS);
      });
    },
    failure: () => failure,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
