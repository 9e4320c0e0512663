// What tests run in the worker's place: it speaks the worker's protocol over real HTTP and makes tiny files instead of clips.
// The address of the video says how it behaves: …/ok.mp4, /fails.mp4, /crashes.mp4, /hangs.mp4, /silent.mp4, /unreported.mp4,
// /damaged.mp4 (uploads something else than it says), /hashless.mp4 (a manifest as 1.x wrote it).
import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClaimAnswer, CONTRACT_VERSION, type Manifest, type PresignAnswer } from "@kangklip/contract";

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
const { job_id, epoch, source } = claim.job;
const said = { job_id, epoch };
const behaviour = source.kind === "url" ? new URL(source.url).pathname.slice(1, -4) : "ok";
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
const clip = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 256));
const files = [
  await put("clip_01.mp4", clip),
  await put("clip_01_preview.mp4", clip.subarray(0, 500)),
  await put("clip_01.jpg", Buffer.from("a cover")),
  await put("edl.json", Buffer.from("{}")),
];
const [made] = files;
const manifest: Manifest = {
  job_id,
  clips: [
    {
      index: 1,
      title: "The tests' clip",
      hook: "A hook",
      start: 10,
      end: 40,
      duration: 30,
      segments: [{ start: 10, end: 40, text: "…" }],
      file: "clip_01.mp4",
      ...(behaviour !== "hashless" && {
        duration_seconds: 30,
        width: 1080,
        height: 1920,
        size_bytes: made?.size_bytes,
        sha256: made?.sha256,
        preview_file: "clip_01_preview.mp4",
        cover_file: "clip_01.jpg",
      }),
    },
  ],
  selection: { mode: "heuristic" },
  ...(behaviour !== "hashless" && {
    files: behaviour === "damaged" ? files.map((file) => ({ ...file, sha256: "0".repeat(64) })) : files,
    seconds: { total: 1 },
    transcriber: "none",
  }),
};
const { sha256: manifest_sha256 } = await put("manifest.json", Buffer.from(JSON.stringify(manifest)));
if (behaviour === "unreported") process.exit(0);
await post("report", { status: "SUCCEEDED", ...said, seq: ++seq, manifest_sha256 });
process.exit(0);
