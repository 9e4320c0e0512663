import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Edl, ERRORS, type ErrorCode, Manifest } from "@kangklip/contract";
import { expect } from "vitest";
import { z } from "zod";
import corpus from "../../corpus/media.json" with { type: "json" };
import { tools } from "../asr/testing.ts";
import type { Outcome } from "./testing-hostile.ts";
import { CANARY } from "./testing-hostile-kitchen.ts";

const exec = promisify(execFile);

/** One hostile file. */
export interface Row {
  id: string;
  what: string;
  /** Its name; testing-hostile-files.ts knows how it is made. */
  file: string;
  /** Row of the fault catalogue, or the invariant, that it shows. */
  shows: string;
  /** "clip", or codes of the error table: any of them will do. */
  expect: string[];
  /** Not for every day: it takes long, or two others of its kind are tried then. */
  long?: boolean;
}
export const ROWS: Row[] = corpus.media;

/** Most memory that all the children together may use for a hostile file (reliability reference, goal 16). */
export const LIMIT_BYTES = 600e6;
/** The longest that a row may take, seconds; on an idle machine of two cores the slowest takes about ten. */
export const LIMIT_SECONDS = 30;

/** A clip that is whole in every respect, or a code that says what the person can do and that is not tried again in vain. */
export async function expectNamedEnd(outcome: Outcome, folder: string): Promise<void> {
  expect(outcome.left).toBe(0);
  expect(outcome.rest.filter((path) => /\.part-|\.render|sound\.pcm/.test(path))).toEqual([]);
  if (outcome.end === "clip") {
    expect(outcome.exit).toBe(0);
    return expectWholeClip(outcome, folder);
  }
  const { retry, action, exit } = ERRORS[outcome.end as ErrorCode];
  expect({ retry, exit: outcome.exit }).toEqual({ retry: false, exit });
  expect(action.length).toBeGreaterThan(10);
  expect(outcome.error).toMatch(/^[A-Z0-9].{10,}/);
  expect(outcome.files.size).toBe(0);
}

/**
 * Works on rows two at a time and gives what becomes of each at once, for tests that wait for them one after another: a job of a small file
 * leaves most of two cores idle. Failures are thrown to whoever waits.
 */
export function begunInPairs(
  rows: readonly Row[],
  work: (row: Row) => Promise<Outcome>,
): Map<string, Promise<Outcome>> {
  const outcomes = new Map<string, Promise<Outcome>>();
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  for (const [index, row] of rows.entries()) {
    const lane = index % lanes.length;
    const outcome = (lanes[lane] ?? Promise.resolve()).then(() => work(row));
    lanes[lane] = outcome.catch(() => {}); // looked at by its test
    outcomes.set(row.id, outcome);
  }
  return outcomes;
}

const Probe = z.object({
  streams: z.array(
    z.looseObject({ codec_name: z.string(), width: z.int().optional(), height: z.int().optional() }),
  ),
  format: z.object({ duration: z.coerce.number() }),
});

async function expectWholeClip({ files }: Outcome, folder: string): Promise<void> {
  const json = (name: string): unknown => JSON.parse(files.get(name)?.toString("utf8") ?? "null");
  const manifest = Manifest.parse(json("manifest.json"));
  for (const { name, size_bytes, sha256 } of manifest.files ?? []) {
    const bytes = files.get(name) ?? Buffer.alloc(0);
    expect([name, bytes.length, createHash("sha256").update(bytes).digest("hex")]).toEqual([
      name,
      size_bytes,
      sha256,
    ]);
  }
  const clip = join(folder, `${Math.random()}.mp4`);
  await writeFile(clip, files.get("clip_01.mp4") ?? "");
  const probed = await exec(tools?.ffprobe ?? "", [
    ...["-v", "error", "-show_streams", "-show_format", "-of", "json", clip],
  ]);
  const { streams, format } = Probe.parse(JSON.parse(probed.stdout));
  expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(["aac", "h264"]);
  expect(streams.find(({ width }) => width)).toMatchObject({ width: 90, height: 160 });
  const [planned] = Edl.parse(json("edl.json")).clips;
  const seconds = planned?.segments.reduce((sum, { start, end }) => sum + end - start, 0);
  expect(Math.abs(format.duration - (seconds ?? 0))).toBeLessThanOrEqual(0.1);
  // every picture and sample can be read
  const { stderr } = await exec(tools?.ffmpeg ?? "", [
    "-v",
    "error",
    "-nostdin",
    "-xerror",
    "-i",
    clip,
    "-f",
    "null",
    "-",
  ]);
  expect(stderr).toBe("");
}

/** Nothing of the file outside, nothing of the source's own words where words have no business, no bug. */
export function expectNothingLeaked({ files, said, error }: Outcome): void {
  for (const bytes of [...files.values(), Buffer.from(said), Buffer.from(error)])
    expect(bytes.includes(CANARY)).toBe(false);
  expect(said).not.toMatch(/unhandled|TypeError|RangeError|SyntaxError/i);
}
