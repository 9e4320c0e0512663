// What tests run in the worker's place: it speaks the worker's protocol over real HTTP and makes tiny files instead of clips.
// The address of the video says how it behaves: …/ok.mp4, /fails.mp4, /crashes.mp4, /hangs.mp4, /silent.mp4, /unreported.mp4,
// /damaged.mp4 (uploads something else than it says), /hashless.mp4 (a manifest as 1.x wrote it), /bare.mp4 (keeps no transcript).
// Of an edit the title says it: "It fails", "It hangs".
import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ClaimAnswer,
  CONTRACT_VERSION,
  type Edl,
  type EdlClip,
  type Manifest,
  type PresignAnswer,
} from "@kangklip/contract";

const { KK_API_URL, KK_LAUNCH_KEY, KK_CLAIM_TOKEN } = process.env;
let token = "";
async function post<T>(path: string, body: object): Promise<T> {
  const response = await fetch(`${KK_API_URL}/api/worker/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { "x-attempt-token": token }) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const claim = await post<ClaimAnswer>("claim", {
  launch_key: KK_LAUNCH_KEY,
  claim_token: KK_CLAIM_TOKEN,
  instance_nonce: randomUUID(),
  contract_version: CONTRACT_VERSION,
});
token = claim.attempt_token;
const { job_id, epoch, source, edit } = claim.job;
const said = { job_id, epoch };
const ofEdit = edit && ({ "It fails": "fails", "It hangs": "hangs" }[edit.clip.title] ?? "ok");
const behaviour = ofEdit ?? (source.kind === "url" ? new URL(source.url).pathname.slice(1, -4) : "ok");
let seq = 0;
const running = (stage: string, stage_progress: number, more: object = {}) =>
  post<{ cancel: boolean }>("report", {
    status: "RUNNING",
    ...said,
    seq: ++seq,
    stage,
    stage_progress,
    message: null,
    ...more,
  });

await running("DOWNLOAD", 0.5, { source_title: "A talk", source_seconds: 120 });
if (behaviour === "crashes") process.exit(70);
if (behaviour === "silent") await sleep(3_600_000);
if (behaviour === "hangs") for (;;) await sleep(200).then(() => running("TRANSCRIPT", 0.1));
await running("RENDER", 0.5, { notice: "Made by the tests" });
if (behaviour === "fails") {
  await post("report", {
    status: "FAILED",
    ...said,
    seq: ++seq,
    code: "SOURCE_UNREADABLE",
    error: "The file is not a video that can be read",
    stage: "RENDER",
  });
  process.exit(65);
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
async function put(name: string, bytes: Buffer) {
  const file = { name, size_bytes: bytes.length, sha256: sha256(bytes) };
  const { uploads } = await post<PresignAnswer>("presign", { ...said, files: [file] });
  const response = await fetch(uploads[0]?.url ?? "", {
    method: "PUT",
    headers: uploads[0]?.headers ?? {},
    body: new Uint8Array(bytes),
  });
  if (!response.ok) throw new Error(`PUT ${name}: ${response.status} ${await response.text()}`);
  return file;
}
const isOld = behaviour === "hashless";
/** One word begins each second of the two minutes. */
const words = Array.from({ length: 120 }, (_, at) => ({ word: `w${at}`, start: at + 0.2, end: at + 0.6 }));
const cut: EdlClip = edit?.clip ?? {
  index: 1,
  title: "The tests' clip",
  hook: "A hook",
  segments: [{ start: 10, end: 40, text: "…" }],
  score: null,
  score_parts: {},
  reason: "",
  words: words.slice(10, 40),
  framing: [],
  overrides: [],
  revision: 1,
};
const framing = [{ x: 0, y: 0, w: 9, h: 16, start: 0, end: 30, layout: "crop", reason: "held" }] as const;
const edl: Edl = { job_id, clips: [{ ...cut, framing: [...framing] }], version: 2, source_seconds: 120 };
const transcript = [{ text: "…", start: 0, duration: 120, words }];
const [name, first = 0, last = 0] = [`clip_0${cut.index}`, cut.segments[0]?.start, cut.segments.at(-1)?.end];
const length = 5000 + cut.revision - 1; // by which tests tell them apart
const clip = Buffer.from(Array.from({ length }, (_, index) => index % 256));
const hasPreview = isOld || claim.job.preview;
const preview = `${name}_preview.mp4`;
const files = [
  await put(`${name}.mp4`, clip),
  ...(hasPreview ? [await put(preview, clip.subarray(0, 500 + cut.revision - 1))] : []),
  await put(`${name}.jpg`, Buffer.from(`a cover of revision ${cut.revision}`)),
  await put("edl.json", Buffer.from(isOld ? "{}" : JSON.stringify(edl))),
  ...(isOld || behaviour === "bare"
    ? []
    : [await put("transcript.json", Buffer.from(JSON.stringify(transcript)))]),
];
const [made] = files;
const seconds = cut.segments.reduce((sum, { start, end }) => sum + end - start, 0);
const manifest: Manifest = {
  job_id,
  clips: [
    {
      index: cut.index,
      title: cut.title,
      hook: cut.hook,
      start: first,
      end: last,
      duration: Math.trunc(seconds),
      segments: cut.segments,
      file: `${name}.mp4`,
      ...(!isOld && {
        duration_seconds: seconds,
        width: 1080,
        height: 1920,
        size_bytes: made?.size_bytes,
        sha256: made?.sha256,
        ...(hasPreview && { preview_file: preview }),
        cover_file: `${name}.jpg`,
        caption_preset: cut.caption_preset ?? claim.job.caption_preset ?? "amber",
        revision: cut.revision,
      }),
    },
  ],
  selection: { mode: "heuristic" },
  ...(!isOld && {
    files: behaviour === "damaged" ? files.map((file) => ({ ...file, sha256: "0".repeat(64) })) : files,
    seconds: { total: 1 },
    transcriber: "none",
    source: { title: "A talk", url: null, seconds: 120 },
  }),
};
const { sha256: manifest_sha256 } = await put("manifest.json", Buffer.from(JSON.stringify(manifest)));
if (behaviour === "unreported") process.exit(0);
await post("report", { status: "SUCCEEDED", ...said, seq: ++seq, manifest_sha256 });
process.exit(0);
