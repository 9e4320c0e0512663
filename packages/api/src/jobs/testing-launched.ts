import { createHash, randomUUID } from "node:crypto";
import {
  type ArtifactName,
  attemptKey,
  CONTRACT_VERSION,
  type Manifest,
  type ManifestClip,
  type Report,
  type Stage,
} from "@kangklip/contract";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { FakeLaunch } from "./testing-provider.ts";
import type { createWork } from "./work.ts";

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** What runs in a launch, as a test has it behave. `work`: of whatever process of the API is there now. */
export function launchedWorker(
  launch: FakeLaunch,
  { work, artifacts }: { work: () => ReturnType<typeof createWork>; artifacts: ArtifactStore },
) {
  const nonce = randomUUID();
  const [job_id, epoch] = [
    `kk_${launch.launchKey.slice(3, 29).toUpperCase()}`,
    Number(launch.launchKey.split("-e")[1]),
  ];
  let token: string | undefined;
  let seq = 0;
  const said = () => ({ job_id, epoch, seq: ++seq });
  return {
    get token() {
      return token;
    },
    async claim(contract_version = CONTRACT_VERSION) {
      const answer = await work().claim({
        launch_key: launch.launchKey,
        claim_token: launch.env.KK_CLAIM_TOKEN,
        instance_nonce: nonce,
        contract_version,
      });
      token = answer.attempt_token;
      return answer;
    },
    pulse: () => work().heartbeat(token, { job_id, epoch }),
    report: (report: Report) => work().report(token, report),
    at: (stage: Stage, stage_progress: number) =>
      work().report(token, { ...said(), status: "RUNNING", stage, stage_progress, message: null }),
    /** Puts a clip, more files and the manifest where its links would. @returns the manifest's hash */
    async upload(
      text = `made by attempt ${epoch}`,
      {
        clip = {},
        more = {},
      }: { clip?: Partial<ManifestClip>; more?: Partial<Record<ArtifactName, string>> } = {},
    ): Promise<string> {
      const files = await Promise.all(
        Object.entries<string | undefined>({ "clip_01.mp4": text, ...more }).map(
          async ([name, body = ""]) => {
            const bytes = Buffer.from(body);
            await artifacts.put(attemptKey(job_id, epoch, name), bytes, { contentType: "video/mp4" });
            return { name, size_bytes: bytes.length, sha256: sha256(bytes) };
          },
        ),
      );
      const manifest: Manifest = {
        job_id,
        clips: [
          {
            ...{ index: 1, title: "A clip", hook: "", start: 0, end: 30, duration: 30, segments: [] },
            ...{ file: "clip_01.mp4", ...clip },
          },
        ],
        selection: { mode: "heuristic" },
        files,
      };
      const bytes = Buffer.from(JSON.stringify(manifest));
      const json = { contentType: "application/json" };
      await artifacts.put(attemptKey(job_id, epoch, "manifest.json"), bytes, json);
      return sha256(bytes);
    },
    succeeded: (manifest_sha256: string) =>
      work().report(token, { ...said(), status: "SUCCEEDED", manifest_sha256 }),
    failed: (code: Extract<Report, { status: "FAILED" }>["code"]) =>
      work().report(token, { ...said(), status: "FAILED", code, error: "it broke", stage: "RENDER" }),
    exit(exitCode: number) {
      launch.seen = { phase: "exited", exitCode, reason: exitCode === 0 ? "completed" : "error" };
    },
  };
}
