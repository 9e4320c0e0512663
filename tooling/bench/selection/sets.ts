import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TranscriptSegment } from "../../../packages/contract/src/artifacts.ts";
import type { SelectInput, Transcript } from "../../../packages/worker/src/stage.ts";
import { heatOf, type Labelled } from "./labelled.ts";

/**
 * Reads sets of labelled videos that the user brings. A file may be
 * - JSON lines or a JSON list of rows (Rhapsody's names, or ours): `vid` or `id`, `cid` or `channel`, `title`, `gt` or `graph` (scores
 *   of equal parts, 0..1), `duration` (seconds; else `metadata.duration`, else the end of the transcript), `language`, and
 *   `transcript` or `segments`: `{ text, start, duration | end, words?: { word, start, end }[] }[]`, seconds; optionally
 *   `sound`: `{ silences: { start, end }[], levels: { step, dbfs[] } }`, as the worker measures it, and
 *   `told`: `{ start, end, wish }[]`, moments with what somebody would ask for who wants to see them;
 * - the info JSON of yt-dlp or a job's meta.json with a `heatmap`, and beside it `transcript.json`, or `NAME.transcript.json` for
 *   NAME.info.json: a job's own.
 * @throws Error naming the file, the row and what is wrong with it.
 */
export async function readSets(files: readonly string[]): Promise<Labelled[]> {
  const set: Labelled[] = [];
  for (const file of files) set.push(...(await readSet(file)));
  return set;
}

type Row = Record<string, unknown>;

async function readSet(file: string): Promise<Labelled[]> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new Error(`${file} cannot be read: ${cause.code ?? cause}`, { cause });
  });
  const rows = rowsIn(text, file);
  const [only] = rows;
  if (rows.length === 1 && only && "heatmap" in only) return [await withHeatmap(only, file)];
  if (rows.length === 0) throw new Error(`${file} holds no rows`);
  return rows.map((row, index) => labelled(row, `${file}, row ${index + 1}`));
}

function rowsIn(text: string, file: string): Row[] {
  const parsed = (json: string, where: string): unknown => {
    try {
      return JSON.parse(json);
    } catch (cause) {
      throw new Error(`${where} is no JSON`, { cause });
    }
  };
  const isLines = /\.(?:jsonl|ndjson)$/i.test(file);
  const values = isLines
    ? text
        .split("\n")
        .map((line, index) => ({ line, where: `${file}, line ${index + 1}` }))
        .filter(({ line }) => line.trim() !== "")
        .map(({ line, where }) => parsed(line, where))
    : [parsed(text, file)].flat();
  return values.map((value, index) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
    throw new Error(`${file}, row ${index + 1} is no object`);
  });
}

function labelled(row: Row, where: string): Labelled {
  const graph = row.gt ?? row.graph ?? row.gtscore;
  if (!isNumbers(graph) || graph.length < 10)
    throw new Error(`${where}: "gt" (or "graph") must be a list of ten scores or more, usually a hundred`);
  if (graph.some((score) => score < 0 || score > 1)) throw new Error(`${where}: scores must be from 0 to 1`);
  const segments = segmentsIn(row.transcript ?? row.segments, where);
  const { metadata } = row;
  const told =
    row.duration ?? (typeof metadata === "object" && metadata ? (metadata as Row).duration : undefined);
  return video({ row, where, segments, seconds: secondsIn(told, segments, where), graph });
}

/** yt-dlp's heatmap, `{ start_time, end_time, value }` of equal parts, as a graph; the transcript lies beside it. */
async function withHeatmap(row: Row, file: string): Promise<Labelled> {
  const { heatmap } = row;
  const values = Array.isArray(heatmap) ? heatmap.map((part: Row | null) => part?.value) : [];
  if (!isNumbers(values) || values.length < 10)
    throw new Error(
      `${file}: the video has no heatmap; sites make one only of videos that many people have watched`,
    );
  const own = file.replace(/(?:\.info)?\.json$/i, ".transcript.json");
  const shared = join(dirname(file), "transcript.json");
  const text = await readFile(own, "utf8").catch(() => readFile(shared, "utf8").catch(() => undefined));
  if (text === undefined)
    throw new Error(
      `${file} needs a transcript beside it: ${basename(own)} or transcript.json, as a job leaves it`,
    );
  let transcript: unknown;
  try {
    transcript = JSON.parse(text);
  } catch (cause) {
    throw new Error(`The transcript beside ${file} is no JSON`, { cause });
  }
  const where = `the transcript beside ${file}`;
  const segments = segmentsIn(transcript, where);
  const seconds = secondsIn(row.duration, segments, file);
  return video({
    row,
    where: file,
    segments,
    seconds,
    graph: values.map((value) => Math.min(1, Math.max(0, value))),
  });
}

function video(of: {
  row: Row;
  where: string;
  segments: TranscriptSegment[];
  seconds: number;
  graph: number[];
}): Labelled {
  const { row, where, segments, seconds, graph } = of;
  const text = (...names: string[]) =>
    names
      .map((name) => row[name])
      .find((value): value is string => typeof value === "string" && value !== "");
  const transcript: Transcript = {
    language: text("language") ?? null,
    transcriber: "source-captions",
    accuracy: "high",
    timing: segments.some(({ words }) => words.length > 0) ? "word" : "line",
    segments,
  };
  return {
    id: text("vid", "id") ?? where,
    channel: text("cid", "channel", "uploader") ?? "unnamed",
    use: "held out",
    // nothing of the row but these goes to the selector: no graph, no heatmap
    input: {
      durationSeconds: seconds,
      title: text("title") ?? null,
      transcript,
      sound: soundIn(row.sound, where),
      chunks: [],
      shots: [],
      rank: null,
    },
    heat: heatOf(graph, seconds),
    ...(row.told !== undefined && row.told !== null && { told: toldIn(row.told, where) }),
  };
}

function toldIn(value: unknown, where: string): NonNullable<Labelled["told"]> {
  const isTold = (one: Row | null) =>
    isNumbers([one?.start, one?.end]) &&
    Number(one?.end) > Number(one?.start) &&
    typeof one?.wish === "string" &&
    one.wish.trim() !== "" &&
    one.wish.length <= 300;
  if (Array.isArray(value) && value.every(isTold)) return value;
  throw new Error(
    `${where}: "told" must be a list of { start, end, wish }, seconds and at most 300 characters`,
  );
}

function segmentsIn(value: unknown, where: string): TranscriptSegment[] {
  if (typeof value === "string")
    throw new Error(
      `${where}: the transcript is a text without times; a list of { text, start, duration } is needed`,
    );
  if (!Array.isArray(value) || value.length === 0)
    throw new Error(`${where}: "transcript" (or "segments") must be a list of { text, start, duration }`);
  return value.map((entry: Row | null, index) => {
    const { start, end, duration, words = [], text } = entry ?? {};
    const length =
      duration ?? (typeof end === "number" && typeof start === "number" ? end - start : undefined);
    const parsed = TranscriptSegment.safeParse({ text, start, duration: length, words });
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Error(
      `${where}: segment ${index + 1} of the transcript, ${issue?.path.join(".")}: ${issue?.message}`,
    );
  });
}

function secondsIn(told: unknown, segments: readonly TranscriptSegment[], where: string): number {
  const heard = segments.reduce((most, { start, duration }) => Math.max(most, start + duration), 0);
  const seconds = told ?? heard;
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds < 60)
    throw new Error(`${where}: the duration must be a number of seconds, 60 or more`);
  return seconds;
}

function soundIn(value: unknown, where: string): SelectInput["sound"] {
  if (value === undefined || value === null) return { silences: [], levels: { step: 0.1, dbfs: [] } };
  const { silences, levels } = value as Partial<SelectInput["sound"]>;
  const areSpans = Array.isArray(silences) && silences.every(({ start, end }) => isNumbers([start, end]));
  if (areSpans && levels && isNumbers(levels.dbfs) && levels.step > 0) return { silences, levels };
  throw new Error(
    `${where}: "sound" must be { silences: { start, end }[], levels: { step, dbfs: number[] } }`,
  );
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((each) => typeof each === "number" && Number.isFinite(each));
