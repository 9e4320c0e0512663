import { cpus, totalmem } from "node:os";

export interface Machine {
  cpu: string;
  cores: number;
  memory_gb: number;
  platform: string;
  node: string;
  ffmpeg: string | null;
}

/** This machine. @param ffmpeg its version; null: there is none */
export const machineOf = (ffmpeg: string | null): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  memory_gb: Math.round(totalmem() / 1e9),
  platform: `${process.platform}-${process.arch}`,
  node: process.version,
  ffmpeg,
});

/** "2026-11-26, Intel Xeon, 2 cores, 24 GB, linux-x64, Node v24.21.0, ffmpeg 5.1.9". Pure. @param date ISO 8601 */
export function machineLine(date: string, machine: Machine): string {
  const { cpu, cores, memory_gb, platform, node, ffmpeg } = machine;
  return `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memory_gb} GB, ${platform}, Node ${node}, ffmpeg ${ffmpeg ?? "missing"}`;
}
