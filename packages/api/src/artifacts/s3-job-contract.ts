import { randomBytes } from "node:crypto";
import {
  type ArtifactName,
  attemptKey,
  type CreatedJob,
  type ManifestFile,
  type PresignAnswer,
} from "@kangklip/contract";
import { expect, test } from "vitest";
import { attemptToken } from "../jobs/tokens.ts";
import { startTestApi } from "../testing.ts";
import { sha256 } from "./testing.ts";
import type { ArtifactPlace } from "./testing-contract.ts";

type Api = Awaited<ReturnType<typeof startTestApi>>;

/** A busy machine takes its time. */
const PATIENCE_MS = 60_000;
const onBucket = (place: ArtifactPlace) =>
  startTestApi({ wrap: (ports) => ({ ...ports, artifacts: place.store }) });
const aRequest = (behaviour: string) => ({
  video_url: `https://example.com/${behaviour}.mp4`,
  clip_duration_seconds: 30,
  clip_count: 1,
});

/** A job whose worker has claimed it and then says nothing; what it says is said with `headers`. */
async function claimed(api: Api) {
  const created = await api.trpc().jobs.create.mutate(aRequest("silent"));
  await api.until(created.job_id, ({ state }) => state === "RUNNING", PATIENCE_MS);
  const attempt = (await api.services.store.get(created.job_id))?.job.attempts[0];
  const token = attemptToken(api.services.secret, attempt?.launch_key ?? "", attempt?.nonce_hash ?? "");
  return { created, said: { job_id: created.job_id, epoch: 1 }, headers: { "x-attempt-token": token } };
}
type Claimed = Awaited<ReturnType<typeof claimed>>;

const presign = (api: Api, { said, headers }: Claimed, files: object[]) =>
  api.rest("POST", "/api/worker/presign", { ...said, files }, headers);
const complete = (api: Api, { said, headers }: Claimed, rest: object) =>
  api.rest("POST", "/api/worker/complete", { ...said, ...rest }, headers);
const factsOf = (name: ArtifactName, bytes: Buffer): ManifestFile => ({
  name,
  size_bytes: bytes.length,
  sha256: sha256(bytes),
});

async function putParts({ urls, part_bytes }: PresignAnswer["in_parts"][number], bytes: Buffer) {
  return Promise.all(
    urls.map(async (url, index) => {
      const body = new Uint8Array(bytes.subarray(index * part_bytes, (index + 1) * part_bytes));
      const answer = await fetch(url, { method: "PUT", body });
      expect(answer.status).toBe(200);
      return answer.headers.get("etag") ?? "";
    }),
  );
}

async function putWhole(api: Api, one: Claimed, name: ArtifactName, bytes: Buffer) {
  const { uploads }: PresignAnswer = (await presign(api, one, [factsOf(name, bytes)])).body;
  const [link] = uploads;
  const body = new Uint8Array(bytes);
  const answer = await fetch(link?.url ?? "", { method: "PUT", body, headers: link?.headers ?? {} });
  expect(answer.status).toBe(200);
}

async function expectResults(api: Api, { job_id, job_token }: CreatedJob, clip: Buffer) {
  const owner = { "x-job-token": job_token };
  const path = `/api/jobs/${job_id}/clips/clip_01.mp4`;
  const { body: link } = await api.rest("GET", `${path}/download`, undefined, owner);
  const saved = await fetch(link.url);
  expect(saved.headers.get("content-disposition")).toMatch(/^attachment; filename="clip_01.mp4"/);
  expect(sha256(Buffer.from(await saved.arrayBuffer()))).toBe(sha256(clip));
  const streamed = await fetch(`${api.url}${path}`, { headers: { ...owner, range: "bytes=10-19" } });
  expect([streamed.status, streamed.headers.get("content-range")]).toEqual([
    206,
    `bytes 10-19/${clip.length}`,
  ]);
  expect(Buffer.from(await streamed.arrayBuffer()).equals(clip.subarray(10, 20))).toBe(true);
  const etag = streamed.headers.get("etag") ?? "";
  const again = await fetch(`${api.url}${path}`, { headers: { ...owner, "if-none-match": etag } });
  expect(again.status).toBe(304);
}

/** The whole API on a bucket. `open` gives an empty one; its store takes more than 6 MiB in parts of 5 MiB. */
export function testJobsOnBucket(open: () => Promise<ArtifactPlace>): void {
  const clip = randomBytes(11 << 20);

  test(
    "a job ends with its clips in the bucket, and nothing else",
    async () => {
      await using place = await open();
      await using api = await onBucket(place);
      const created = await api.trpc().jobs.create.mutate(aRequest("ok"));
      expect(await api.until(created.job_id, undefined, PATIENCE_MS)).toMatchObject({ status: "SUCCEEDED" });
      const small = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 256));
      await expectResults(api, created, small);
      const names = (await Array.fromAsync(place.store.list("jobs/"))).map((key) =>
        key.split("/").slice(2).join("/"),
      );
      expect(names.toSorted()).toEqual([
        "clip_01.jpg",
        "clip_01.mp4",
        "edl.json",
        "manifest.json",
        "transcript.json",
      ]);
    },
    PATIENCE_MS,
  );

  test(
    "a large clip goes up in parts, is completed through the API, and is published",
    async () => {
      await using place = await open();
      await using api = await onBucket(place);
      const one = await claimed(api);
      const facts = factsOf("clip_01.mp4", clip);
      const begun: PresignAnswer = (await presign(api, one, [facts])).body;
      expect(begun).toMatchObject({ uploads: [], in_parts: [{ name: "clip_01.mp4", part_bytes: 5 << 20 }] });
      const upload_id = begun.in_parts[0]?.upload_id ?? "";
      const fresh: PresignAnswer = (await presign(api, one, [{ ...facts, upload_id }])).body;
      expect(fresh.in_parts[0]?.upload_id).toBe(upload_id);
      const [parts] = fresh.in_parts;
      if (!parts) throw new Error("no links came");
      const etags = await putParts(parts, clip);
      const said = { name: "clip_01.mp4", upload_id, size_bytes: clip.length, etags };

      const other = await claimed(api);
      const asOther = await api.rest("POST", "/api/worker/complete", { ...one.said, ...said }, other.headers);
      expect([asOther.status, asOther.body.code]).toEqual([401, "UNAUTHORIZED"]);
      const bare = await api.rest("POST", "/api/worker/complete", { ...one.said, ...said });
      expect([bare.status, bare.body.code]).toEqual([401, "UNAUTHORIZED"]);
      const elsewhere = await complete(api, other, said);
      expect(elsewhere.status).toBeGreaterThanOrEqual(400); // the upload is under the first one's prefix
      expect(await place.store.head(attemptKey(one.said.job_id, 1, "clip_01.mp4"))).toBeUndefined();

      for (let times = 0; times < 2; times++)
        expect((await complete(api, one, said)).body).toEqual({ ok: true });
      const short = await complete(api, one, { ...said, size_bytes: clip.length + 1 });
      expect([short.status, short.body.code]).toEqual([502, "UPLOAD_FAILED"]);
      expect(short.body.detail).toContain("clip_01.mp4");

      const manifest = Buffer.from(
        JSON.stringify({
          job_id: one.said.job_id,
          clips: [{ index: 1, start: 0, end: 30, file: "clip_01.mp4", sha256: facts.sha256 }],
          selection: { mode: "heuristic" },
          files: [facts],
        }),
      );
      await putWhole(api, one, "manifest.json", manifest);
      const report = { ...one.said, status: "SUCCEEDED", seq: 100, manifest_sha256: sha256(manifest) };
      expect((await api.rest("POST", "/api/worker/report", report, one.headers)).status).toBe(200);
      expect(await api.until(one.said.job_id, undefined, PATIENCE_MS)).toMatchObject({ status: "SUCCEEDED" });
      await expectResults(api, one.created, clip);
      const late = await complete(api, one, said);
      expect([late.status, late.body.code]).toEqual([409, "FENCED"]);
      const keys = await Array.fromAsync(place.store.list(`jobs/${one.said.job_id}/`));
      expect(keys.filter((key) => key.includes("/attempts/"))).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    "what is said wrongly of an upload in parts is refused before the bucket is asked",
    async () => {
      await using place = await open();
      await using api = await onBucket(place);
      const one = await claimed(api);
      const wrong = [
        { etags: [] },
        { etags: ['"a"\r\nx-amz-acl: public-read'] },
        { upload_id: "a b" },
        { size_bytes: undefined },
        { name: "../../other/clip_01.mp4" },
      ];
      for (const part of wrong) {
        const said = { name: "clip_01.mp4", upload_id: "2~x", size_bytes: 1, etags: ['"a"'], ...part };
        const { status, body } = await complete(api, one, said);
        expect([status, body.code]).toEqual(part.name ? [404, "NOT_FOUND"] : [400, "INVALID_INPUT"]);
      }
    },
    PATIENCE_MS,
  );
}
