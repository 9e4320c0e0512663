import type { Readable } from "node:stream";
import { z } from "zod";
import { ProviderError } from "../provider.ts";
import type { Engine, Image } from "./engine.ts";
import { EngineError, oneLine } from "./errors.ts";

/** How soon whoever waits for an image should ask again (ms). */
const ASK_AGAIN_MS = 2000;
/** A pull that failed is not begun again before this (ms), however often it is asked for. */
const FAILED_MS = 20_000;
/** A pull of which nothing is heard for this long is given up (ms). */
const SILENT_MS = 5 * 60_000;
/** No line that the engine writes is longer (characters). */
const MAX_LINE = 1 << 16;

const Line = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
  error: z.string().optional(),
});

/** How far a pull is, from the lines that the engine writes about it. Pure but for its memory. */
export function pullProgress() {
  const layers = new Map<string, { current: number; total: number }>();
  return {
    take(line: z.infer<typeof Line>): void {
      const { id, status, progressDetail: { current, total } = {} } = line;
      if (!id) return;
      if (status === "Downloading" && total) layers.set(id, { current: current ?? 0, total });
      const layer = layers.get(id);
      if (layer && status && /^(Verifying Checksum|Download complete|Extracting|Pull complete)$/.test(status))
        layer.current = layer.total;
    },
    /** "43 % of 3.1 GB"; undefined as long as no size is known. */
    text(): string | undefined {
      const sum = (of: "current" | "total") =>
        [...layers.values()].reduce((all, layer) => all + layer[of], 0);
      const total = sum("total");
      if (total === 0) return undefined;
      const size = total >= 1e9 ? `${(total / 1e9).toFixed(1)} GB` : `${Math.ceil(total / 1e6)} MB`;
      return `${Math.floor((100 * sum("current")) / total)} % of ${size}`;
    },
  };
}

interface Pull {
  progress: ReturnType<typeof pullProgress>;
  failed?: { error: unknown; at: number };
}

export type EngineImage = ReturnType<typeof createImage>;

/** One image on one engine: there, on its way, or not to be had. */
export function createImage(engine: Engine, { image, pull }: { image: string; pull: "missing" | "never" }) {
  let current: Pull | undefined;

  async function fetch(own: Pull): Promise<void> {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), SILENT_MS).unref();
    try {
      const stream = await engine.pull(image, silence.signal);
      (stream as { socket?: { unref?(): void } }).socket?.unref?.(); // nobody has to wait for it to end a process
      for await (const text of linesOf(stream)) {
        timer.refresh();
        const line = Line.safeParse(parsed(text));
        if (!line.success) continue;
        if (line.data.error) throw new EngineError(line.data.error, { status: 500 });
        own.progress.take(line.data);
      }
      if (!(await engine.imageIfThere(image)))
        throw new EngineError("No such image: it was pulled, and is not there", { status: 500 });
      current = undefined;
    } catch (thrown) {
      const error = silence.signal.aborted
        ? new EngineError("i/o timeout: nothing was heard of it for minutes", { status: 500 })
        : thrown;
      own.failed = { error, at: Date.now() };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    /** Whether it is there; and, where it is not, what is being done about it. */
    async state(signal?: AbortSignal): Promise<{ there: boolean; detail: string }> {
      if (await engine.imageIfThere(image, signal))
        return { there: true, detail: `the image ${image} is there` };
      if (current && !current.failed) return { there: false, detail: onItsWay(image, current) };
      return pull === "never"
        ? { there: false, detail: missing(image) }
        : { there: false, detail: `the image ${image} is fetched when it is first needed` };
    },

    /**
     * The image, where it is there.
     * @throws ProviderError PREPARING while it is on its way (the first call sends for it), IMAGE where it is not fetched, EngineError of the pull
     */
    async ready(signal?: AbortSignal): Promise<Image> {
      const found = await engine.imageIfThere(image, signal);
      if (found) return found;
      if (pull === "never") throw new ProviderError("IMAGE", "docker", missing(image));
      if (current?.failed) {
        const { error, at } = current.failed;
        if (Math.abs(Date.now() - at) < FAILED_MS) throw error;
        current = undefined;
      }
      if (!current) {
        current = { progress: pullProgress() };
        void fetch(current);
      }
      throw new ProviderError("PREPARING", "docker", onItsWay(image, current), {
        retryAfterMs: ASK_AGAIN_MS,
      });
    },
  };
}

const onItsWay = (image: string, { progress }: Pull) =>
  `pulling the image ${oneLine(image)}: ${progress.text() ?? "the registry is asked"}`;
const missing = (image: string) =>
  `There is no image ${oneLine(image)} on the engine, and DOCKER_PULL=never: build it with \`npm run image\`, or set WORKER_IMAGE to one that is there`;

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split("\n");
    rest = (lines.pop() ?? "").slice(-MAX_LINE);
    yield* lines;
  }
  yield rest;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
