import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Offer, Requirements } from "../provider.ts";
import type { Info } from "./engine.ts";

const exec = promisify(execFile);

export interface Gpu {
  /** `GPU-…` (or `MIG-…`): the same after a restart and whatever else is plugged in; an index where only CDI knows it. */
  id: string;
  model?: string;
  vramGb?: number;
}
/** How a container gets a GPU: by NVIDIA's own runtime, by the standard device files (CDI), or not at all. */
export type GpuDriver = "nvidia" | "cdi" | "none";
export interface GpuSettings {
  /** What there is: to be found out, nothing, or these ids. */
  gpus: "auto" | "none" | readonly string[];
  driver: "auto" | GpuDriver;
  /** The program to ask; another one in tests. */
  nvidiaSmi: string;
}
/** What launches may use here; `why` says for people why it is nothing. */
export interface Gpus {
  gpus: Gpu[];
  driver: GpuDriver;
  why?: string;
}
export interface DeviceRequest {
  Driver: string;
  DeviceIDs: string[];
  Capabilities?: string[][];
}

const ASK_MS = 10_000;
const QUERY = ["--query-gpu=uuid,name,memory.total", "--format=csv,noheader,nounits"];
const CDI_KIND = "nvidia.com/gpu=";

/** The GPUs that the engine can give to containers. Never throws. */
export async function findGpus(settings: GpuSettings, info: Info, local: boolean): Promise<Gpus> {
  const none = (why: string): Gpus => ({ gpus: [], driver: "none", why });
  if (settings.gpus === "none" || settings.driver === "none")
    return none("GPUs are switched off (DOCKER_GPUS)");
  const known = local ? await askNvidiaSmi(settings.nvidiaSmi) : { gpus: [], why: "" };
  const driver = driverOf(info, settings.driver);
  if (settings.gpus !== "auto") {
    const gpus = settings.gpus.map((id) => known.gpus.find((gpu) => gpu.id === id) ?? { id });
    // named by the operator, so they are tried; an engine that cannot says so
    return { gpus, driver: driver === "none" ? "nvidia" : driver };
  }
  const listed = driver === "cdi" ? cdiGpus(info) : [];
  const gpus = known.gpus.length > 0 ? known.gpus : listed;
  if (gpus.length === 0)
    return none(
      local
        ? known.why
        : "the engine is on another machine: name its GPUs with DOCKER_GPUS (nvidia-smi -L there)",
    );
  if (driver === "none")
    return none(
      `there is a GPU (${gpus[0]?.model ?? gpus[0]?.id}), but Docker cannot give it to containers: install the NVIDIA Container Toolkit and run \`nvidia-ctk runtime configure --runtime=docker\``,
    );
  return { gpus, driver };
}

async function askNvidiaSmi(program: string): Promise<{ gpus: Gpu[]; why: string }> {
  try {
    const asked = exec(program, QUERY, { timeout: ASK_MS, killSignal: "SIGKILL" });
    const late = sleep(ASK_MS + 1000, undefined, { ref: false }); // one that hangs in the driver cannot even be killed
    const { stdout } = (await Promise.race([asked, late])) ?? { stdout: "" };
    return {
      gpus: gpusOfCsv(stdout),
      why: stdout ? "nvidia-smi finds no GPU" : "nvidia-smi says nothing: does it hang?",
    };
  } catch (error) {
    const { code, stdout = "", message } = error as { code?: unknown; stdout?: string; message: string };
    if (code === "ENOENT") return { gpus: [], why: "there is no NVIDIA driver here (no nvidia-smi)" };
    const said = (stdout.trim() || message).split("\n")[0];
    return { gpus: [], why: `nvidia-smi does not work: ${said}` };
  }
}

/** The rows of `nvidia-smi --query-gpu=uuid,name,memory.total --format=csv,noheader,nounits` (MiB). Pure. */
export function gpusOfCsv(csv: string): Gpu[] {
  return csv.split("\n").flatMap((row) => {
    const [id = "", model, mebibytes] = row.split(",").map((field) => field.trim());
    if (!/^(GPU|MIG)-[\w-]+/.test(id)) return [];
    const vramGb = Math.round((Number(mebibytes) / 1024) * 10) / 10;
    return [{ id, ...(model && { model }), ...(vramGb > 0 && { vramGb }) }];
  });
}

/** What the engine itself lists: by id where it knows them, else by number; never "all". */
function cdiGpus(info: Info): Gpu[] {
  const names = cdiNames(info).filter((name) => name !== "all");
  const ids = names.filter((name) => /^(GPU|MIG)-/.test(name));
  return (ids.length > 0 ? ids : names.filter((name) => /^\d+(:\d+)?$/.test(name))).map((id) => ({ id }));
}
const cdiNames = (info: Info): string[] =>
  (info.DiscoveredDevices ?? [])
    .filter(({ Source, ID }) => Source === "cdi" && ID.startsWith(CDI_KIND))
    .map(({ ID }) => ID.slice(CDI_KIND.length));

/**
 * The engine says which device files it found since 28.2, and only then can they be counted on; NVIDIA's runtime is the older way. Pure.
 * @returns "none" where it has neither
 */
export function driverOf(info: Info, choice: "auto" | GpuDriver): GpuDriver {
  if (choice !== "auto") return choice;
  if (cdiNames(info).length > 0) return "cdi";
  return Object.keys(info.Runtimes ?? {}).some((name) => name.startsWith("nvidia")) ? "nvidia" : "none";
}

/**
 * Pure.
 * @param index its place among the GPUs of the machine: device files of an older toolkit have no other names
 */
export function deviceRequestOf(driver: GpuDriver, gpu: Gpu, index: number, info: Info): DeviceRequest {
  if (driver !== "cdi")
    // with "gpu" alone the image decides, and NVIDIA's default leaves out `video`: no NVENC, no NVDEC
    return { Driver: "nvidia", DeviceIDs: [gpu.id], Capabilities: [["gpu", "compute", "video", "utility"]] };
  const names = cdiNames(info);
  const byIndex = names.length > 0 && !names.includes(gpu.id) && names.includes(String(index));
  return { Driver: "cdi", DeviceIDs: [`${CDI_KIND}${byIndex ? index : gpu.id}`] };
}

export const labelOfGpu = ({ id }: Gpu): string => id;
export const nameOfGpu = ({ id, model }: Gpu): string => model ?? `GPU ${id}`;

/** Data-centre cards without a video encoder. What the others can do is tried by the worker, never assumed. */
const NO_NVENC = /\b(A100|A800|A30|H100|H800|H200|H20|GH200|B100|B200|GB200|B300|GB300)\b/;

/** Those that can do what a launch needs. Pure. */
export function fitting(gpus: readonly Gpu[], { gpu, minVramGb = 0, nvenc }: Requirements): Gpu[] {
  if (gpu === "none") return [];
  return gpus.filter(
    ({ model = "", vramGb = Number.POSITIVE_INFINITY }) =>
      // a card sold as 24 GB has 23.99 or less
      vramGb >= minVramGb * 0.95 && !(nvenc === "required" && NO_NVENC.test(model)),
  );
}

export const CPU_OFFER = "cpu";
export const offerIdOf = ({ id }: Gpu): string => `gpu:${id}`;

/** One GPU, as it is offered. Pure. */
export function gpuOffer(gpu: Gpu, { busy, expiresAt }: { busy: boolean; expiresAt: number }): Offer {
  const { model, vramGb } = gpu;
  return {
    provider: "docker",
    offerId: offerIdOf(gpu),
    label: `${nameOfGpu(gpu)} of this machine`,
    gpu: {
      model: nameOfGpu(gpu),
      count: 1,
      ...(vramGb !== undefined && { vramGb }),
      ...(model && NO_NVENC.test(model) && { nvenc: false }),
    },
    usdPerHour: 0,
    availability: busy ? "full" : "available",
    expiresAt,
  };
}
