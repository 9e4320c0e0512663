// What the chaos runs in the worker's place. It speaks the worker's protocol over real HTTP, goes on asking through outages as the
// real one does, and makes tiny files that tell which attempt made them. It imports nothing, so that hundreds of launches cost little.
// Arguments: the ledger (a file, or the address of one, to which every launch writes what it does), the contract's version.
// The address of the video says how it behaves: …/ok-7.mp4, see Behaviour.
import { createHash, randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export type Behaviour =
  | "ok"
  /** Stands still for a few seconds, as it renders. */
  | "slow"
  /** Ends as a job whose video cannot be read. */
  | "fails"
  /** The first attempt dies half-way. */
  | "crashes"
  /** Ends well, and its last report never comes. */
  | "unreported"
  /** Works until somebody cancels the job. */
  | "cancelled";

/** The exit code that says: another one has this attempt. */
const EXIT_FENCED = 75;
const EXIT_CANCELLED = 130;
/** How long the API may be away before the worker gives up. */
const PATIENCE_MS = 120_000;
const ANSWER_MS = 5000;

if (import.meta.main) await work();

async function work(): Promise<void> {
  const { KK_API_URL, KK_LAUNCH_KEY = "", KK_CLAIM_TOKEN } = process.env;
  const [ledger = "", version] = process.argv.slice(2);
  const nonce = randomUUID();
  const end = (code: number) => process.exit(code);
  process.on("SIGTERM", () => end(EXIT_CANCELLED));
  let token = "";

  async function note(what: string): Promise<void> {
    const body = `${what} ${KK_LAUNCH_KEY} ${nonce}\n`;
    if (!ledger.startsWith("http:")) return appendFileSync(ledger, body);
    const told = () => fetch(ledger, { method: "POST", body, signal: AbortSignal.timeout(ANSWER_MS) });
    while (!(await told().catch(() => undefined))?.ok);
  }

  async function post<T>(path: string, body: object): Promise<T> {
    const from = Date.now();
    for (;;) {
      const response = await fetch(`${KK_API_URL}/api/worker/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(token && { "x-attempt-token": token }) },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_MS),
      }).catch(() => undefined);
      const text = await response?.text().catch(() => undefined);
      if (response?.ok && text !== undefined) return JSON.parse(text) as T;
      if (response && response.status < 500 && response.status !== 429) end(EXIT_FENCED);
      if (Date.now() - from > PATIENCE_MS) end(70);
      await sleep(100 + Math.random() * 200);
    }
  }

  interface Claim {
    attempt_token: string;
    job: { job_id: string; epoch: number; source: { url: string } };
  }
  const claim = await post<Claim>("claim", {
    launch_key: KK_LAUNCH_KEY,
    claim_token: KK_CLAIM_TOKEN,
    instance_nonce: nonce,
    contract_version: Number(version),
  });
  await note("claimed");
  token = claim.attempt_token;
  const { job_id, epoch, source } = claim.job;
  const said = { job_id, epoch };
  const behaviour = /\/(\w+)-\d+\.mp4$/.exec(source.url)?.[1] as Behaviour;
  let seq = 0;
  const tell = async (stage: string, stage_progress: number) => {
    const message = `${stage} of attempt ${epoch}`;
    const report = { status: "RUNNING", ...said, seq: ++seq, stage, stage_progress, message };
    if ((await post<{ cancel: boolean }>("report", report)).cancel) end(EXIT_CANCELLED);
  };
  const pause = () => sleep(20 + Math.random() * 150);

  await tell("DOWNLOAD", 0.5);
  await pause();
  if (behaviour === "crashes" && epoch === 1) end(70);
  if (behaviour === "cancelled") for (;;) await sleep(150).then(() => tell("TRANSCRIPT", 0.5));
  await tell("TRANSCRIPT", 1);
  await pause();
  if (behaviour === "slow") await sleep(4500);
  await tell("RENDER", 0.5);
  await pause();
  if (behaviour === "fails") {
    const failed = {
      code: "SOURCE_UNREADABLE",
      error: "The file is not a video that can be read",
      stage: "RENDER",
    };
    await post("report", { status: "FAILED", ...said, seq: ++seq, ...failed });
    end(65);
  }

  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  interface Presigned {
    uploads: { url: string; headers: Record<string, string> }[];
  }
  async function put(name: string, bytes: Buffer) {
    const file = { name, size_bytes: bytes.length, sha256: sha256(bytes) };
    const from = Date.now();
    for (;;) {
      const { uploads } = await post<Presigned>("presign", { ...said, files: [file] });
      const { url = "", headers = {} } = uploads[0] ?? {};
      const signal = AbortSignal.timeout(ANSWER_MS);
      const sent = { method: "PUT", headers, body: new Uint8Array(bytes), signal };
      const response = await fetch(url, sent).catch(() => undefined);
      await response?.arrayBuffer().catch(() => undefined);
      if (response?.ok) return file;
      if (Date.now() - from > PATIENCE_MS) end(74);
      await sleep(100 + Math.random() * 200);
    }
  }
  const made = (what: string) => Buffer.from(`${JSON.stringify({ ...said, what })}\n${"·".repeat(2000)}`);
  const clip = await put("clip_01.mp4", made("clip"));
  await pause();
  const files = [clip, await put("clip_01.jpg", made("cover")), await put("edl.json", made("edl"))];
  const manifest = {
    job_id,
    clips: [
      {
        ...{ index: 1, title: "A clip", hook: "", start: 10, end: 40, duration: 30 },
        segments: [{ start: 10, end: 40, text: "…" }],
        ...{
          file: "clip_01.mp4",
          cover_file: "clip_01.jpg",
          duration_seconds: 30,
          width: 1080,
          height: 1920,
        },
        ...{ size_bytes: clip.size_bytes, sha256: clip.sha256 },
      },
    ],
    selection: { mode: "heuristic" },
    files,
    seconds: { total: 1 },
    transcriber: "none",
  };
  const { sha256: manifest_sha256 } = await put("manifest.json", Buffer.from(JSON.stringify(manifest)));
  if (behaviour !== "unreported")
    await post("report", { status: "SUCCEEDED", ...said, seq: ++seq, manifest_sha256 });
  end(0);
}
