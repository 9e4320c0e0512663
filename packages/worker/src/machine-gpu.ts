import { access } from "node:fs/promises";
import { type Ability, lacking, type Meaning, meaningOf, withinTime } from "./ability.ts";
import { ChildStopped, findProgram, runChild } from "./child.ts";
import { childEnvironment } from "./config.ts";

/** A graphics card of NVIDIA, as its driver tells of it. */
export interface Gpu {
  /** "GPU-5c0e…"; null where only its device file is known. */
  uuid: string | null;
  name: string;
  vramMb: number | null;
  driver: string | null;
}

/** What the driver says: the cards that this process may use, or why there are none. `lost`: there was one, and it has gone. */
type GpusFound = { gpus: Gpu[] } | { gpus: []; why: Ability; lost: boolean };

/** It answers in a tenth of a second; a driver that is stuck never answers. */
const TRY_MS = 5000;
const QUERY = ["--query-gpu=uuid,name,memory.total,driver_version", "--format=csv,noheader"];

const LOST = /Unknown Error|GPU is lost|fallen off the bus/i;
const SMI_MEANINGS: readonly Meaning[] = [
  [LOST, "GPU_LOST", "the graphics card can no longer be reached (a container must be made anew)"],
  [/version mismatch/i, "DRIVER_MISMATCH", "the NVIDIA driver was changed while it ran: restart the machine"],
  [/No devices were found/i, "NO_DEVICE", "the NVIDIA driver has no card to give"],
  [/communicate with the NVIDIA driver|Driver Not Loaded/i, "NO_DRIVER", "the NVIDIA driver is not loaded"],
  [/libnvidia-ml|nvml\.dll/i, "NO_LIB", "no NVIDIA driver here (a container needs the `utility` capability)"],
  [/Insufficient Permissions/i, "NO_PERMISSION", "this user may not use the graphics card"],
];

/**
 * Asks `nvidia-smi` for the cards, where there is one; takes no time where there is none. CUDA_VISIBLE_DEVICES counts as it does
 * for CUDA. @throws the abort's reason, nothing else
 */
export async function findGpus(signal: AbortSignal): Promise<GpusFound> {
  const { CUDA_VISIBLE_DEVICES: visible } = childEnvironment();
  if (visible !== undefined && /^(?:|-1|NoDevFiles)$/.test(visible.trim()))
    return noGpu(lacking("OFF", "CUDA_VISIBLE_DEVICES hides all cards"));
  const program = await findProgram("nvidia-smi").catch(() => undefined);
  if (!program) {
    if (!(await hasDeviceFile())) return noGpu(lacking("NO_GPU", "no NVIDIA graphics card here"));
    // a container without the `utility` capability: what the card can do is found by trying it
    return { gpus: [{ uuid: null, name: "NVIDIA GPU", vramMb: null, driver: null }] };
  }
  let answer: GpusFound | undefined;
  const asked = runChild(program, QUERY, {
    ...{ signal, timeoutMs: TRY_MS, maxStdout: 1 << 16, memoryBytes: 1024 ** 3, fileBytes: 0 },
  }).then(
    ({ ended, stdout, stderr }): Ability => {
      answer = gpusIn(stdout, visible);
      return ended === 0 && answer ? lacking("OK", "") : meaningOf(`${stdout}\n${stderr}`, SMI_MEANINGS);
    },
    (error: unknown) =>
      error instanceof ChildStopped
        ? lacking("NO_ANSWER", "nvidia-smi did not answer in time")
        : lacking("UNKNOWN", String(error).slice(0, 200)),
  );
  const why = await withinTime(TRY_MS + 2000, asked, "nvidia-smi");
  signal.throwIfAborted();
  return why.code === "OK" && answer ? answer : noGpu(why, why.code === "GPU_LOST");
}

const noGpu = (why: Ability, lost = false): GpusFound => ({ gpus: [], why, lost });

const hasDeviceFile = () =>
  access("/dev/nvidiactl").then(
    () => true,
    () => false,
  );

/**
 * The cards in nvidia-smi's answer, the one that CUDA will use first; undefined where it names none.
 * Lines as "GPU-5c…, NVIDIA GeForce RTX 4090, 24564 MiB, 550.90.07"; "[N/A]" stands for what a card does not tell.
 */
export function gpusIn(stdout: string, visible: string | undefined): GpusFound | undefined {
  const all = stdout.split("\n").flatMap((line): Gpu[] => {
    const [uuid = "", name, memory = "", driver] = line.split(",").map((part) => part.trim());
    if (!/^(?:GPU|MIG)-[\w-]{4,80}$/.test(uuid) || !name) return [];
    const [, mb] = /^(\d{1,8}) MiB$/.exec(memory) ?? [];
    const known = driver && /^[\d.]{1,30}$/.test(driver) ? driver : null;
    return [{ uuid, name: name.slice(0, 100), vramMb: mb ? Number(mb) : null, driver: known }];
  });
  const wanted = visible
    ?.split(",")
    .map((one) => one.trim())
    .flatMap(
      (one) => (/^\d+$/.test(one) ? all[Number(one)] : all.find(({ uuid }) => uuid?.startsWith(one))) ?? [],
    );
  const gpus = wanted ?? all;
  if (all.length === 0) return undefined;
  return gpus.length > 0
    ? { gpus }
    : noGpu(lacking("NO_DEVICE", "CUDA_VISIBLE_DEVICES names no card that is here"));
}

/** Whether this is a container that was given a card by NVIDIA's toolkit: made anew, it has it again. */
export function inGpuContainer(): boolean {
  const { NVIDIA_VISIBLE_DEVICES: given } = childEnvironment();
  return given !== undefined && !/^(?:|void|none)$/.test(given.trim());
}
