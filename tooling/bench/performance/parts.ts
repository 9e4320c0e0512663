import type { Part } from "./part.ts";
import { apiPart } from "./part-api.ts";
import { montagePart, passesPart } from "./part-clips.ts";
import { cpuPart } from "./part-cpu.ts";
import { bytesPart, scalePart } from "./part-fetch.ts";
import { editPart, jobPart } from "./part-job.ts";

/** In the order in which they run. */
export const PARTS: readonly Part[] = [
  ...[cpuPart, passesPart, montagePart, editPart, bytesPart, scalePart, jobPart, apiPart],
];
