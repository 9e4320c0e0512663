import type { JobId, UploadId } from "@kangklip/contract";
import { ROUTES } from "./rest.ts";
import { appRouter } from "./router.ts";

/** Who may use a route. `nobody`: credits are off, so every asker gets the same answer. */
export type Guard = "public" | "upload" | "job" | "attempt" | "callback" | "claim" | "operator" | "nobody";
export type Names = { job: JobId; live: JobId; launch: string; upload: UploadId };
export interface Entry {
  guard: Guard;
  /** Parameters and body of a request that is right but for its credential. */
  input?: (names: Names) => Record<string, unknown>;
}

const job = ({ job: job_id }: Names) => ({ job_id });
const clip = (names: Names) => ({ ...job(names), clip_file: "clip_01.mp4" });
const live = ({ live: job_id }: Names) => ({ job_id, epoch: 1 });
const hash = "0".repeat(64);
const beat: Entry = { guard: "attempt", input: live };
const report: Entry = {
  guard: "attempt",
  input: (names) => ({ ...live(names), status: "SUCCEEDED", seq: 1000, manifest_sha256: hash }),
};
const presign: Entry = {
  guard: "attempt",
  input: (names) => ({ ...live(names), files: [{ name: "clip_01.mp4", size_bytes: 1, sha256: hash }] }),
};
const complete: Entry = {
  guard: "attempt",
  input: (names) => ({ ...live(names), name: "clip_01.mp4", upload_id: "u", size_bytes: 1, etags: ["e"] }),
};
const publish: Entry = {
  guard: "attempt",
  input: (names) => ({
    ...live(names),
    clip: { index: 1, start: 0, end: 30, file: "clip_01.mp4" },
    files: [{ name: "clip_01.mp4", size_bytes: 1, sha256: hash }],
  }),
};
const rank: Entry = {
  guard: "attempt",
  input: (names) => ({
    ...live(names),
    count: 1,
    language: "en",
    candidates: [{ id: "1", text: "x", score: 1 }],
  }),
};
const translate: Entry = {
  guard: "attempt",
  input: (names) => ({ ...live(names), language: "id", lines: [{ id: "1", text: "x" }] }),
};
const callback: Entry = {
  guard: "callback",
  input: ({ live: job_id }) => ({ job_id, status: "FAILED", error: "x" }),
};
const claim: Entry = {
  guard: "claim",
  input: ({ launch }) => ({ launch_key: launch, instance_nonce: "n".repeat(36), contract_version: 1 }),
};
const forJob: Entry = { guard: "job", input: job };
const forClip: Entry = { guard: "job", input: clip };
const artifact: Entry = { guard: "job", input: (names) => ({ ...job(names), name: "edl.json" }) };
const edit: Entry = {
  guard: "job",
  input: (names) => ({ ...clip(names), base_revision: 9, edit: { title: "Another title" } }),
};
const show: Entry = { guard: "job", input: (names) => ({ ...clip(names), revision: 1 }) };
const upload: Entry = { guard: "upload", input: ({ upload: upload_id }) => ({ upload_id }) };
const share: Entry = {
  guard: "job",
  input: (names) => ({ ...job(names), share_id: `sh_${"0".repeat(26)}` }),
};
const shared: Entry = { guard: "public", input: () => ({ token: "kks_1" }) }; // the link is its own permission
const open: Entry = { guard: "public" };
const verify: Entry = { guard: "nobody", input: () => ({ wallet_address: "w", nonce: "n", signature: "s" }) };
const challenge: Entry = { guard: "nobody", input: () => ({ wallet_address: "w" }) };
const intent: Entry = { guard: "nobody", input: () => ({ credits_to_buy: 5 }) };
const confirm: Entry = { guard: "nobody", input: () => ({ signature: "s" }) };
const send: Entry = { guard: "nobody", input: () => ({ transaction: "AAAA" }) };
const claimJob: Entry = { guard: "nobody", input: job };
const off: Entry = { guard: "nobody" };

/** Every route of both doors: who forgets to say who may use a new one fails the first test. */
export const ENTRIES: Record<string, Entry> = {
  "post /api/jobs": open,
  "post /api/jobs/quote": open,
  "post /api/jobs/inspect": open,
  "get /api/jobs/mine": off,
  "get /api/jobs/{job_id}": open, // whoever has the id may watch; only the token shows the source
  "post /api/jobs/{job_id}/start": forJob,
  "post /api/jobs/{job_id}/cancel": forJob,
  "post /api/jobs/{job_id}/retry": forJob,
  "post /api/jobs/{job_id}/claim": claimJob,
  "get /api/jobs/{job_id}/results": forJob,
  "get /api/jobs/{job_id}/clips/{clip_file}": forClip, // the stream, which is in no table
  "get /api/jobs/{job_id}/clips/{clip_file}/preview": forClip,
  "get /api/jobs/{job_id}/clips/{clip_file}/download": forClip,
  "post /api/jobs/{job_id}/clips/{clip_file}/unlock": forClip,
  "get /api/jobs/{job_id}/artifacts/{name}": artifact,
  "post /api/jobs/{job_id}/clips/{clip_file}/edit": edit,
  "get /api/jobs/{job_id}/clips/{clip_file}/revisions": forClip,
  "post /api/jobs/{job_id}/clips/{clip_file}/show": show,
  "get /api/jobs/{job_id}/edl": forJob,
  "get /api/jobs/{job_id}/archive": forJob,
  "get /api/jobs/{job_id}/timeline": forJob,
  "get /api/jobs/{job_id}/log": forJob,
  "post /api/jobs/{job_id}/shares": forJob,
  "get /api/jobs/{job_id}/shares": forJob,
  "delete /api/jobs/{job_id}/shares/{share_id}": share,
  "get /api/shares/{token}": shared,
  "get /api/jobs/{job_id}/ready": forJob,
  "post /api/uploads": open,
  "get /api/uploads/{upload_id}/parts": upload,
  "post /api/uploads/{upload_id}/complete": upload,
  "delete /api/uploads/{upload_id}": upload,
  "post /api/callback/nosana": callback,
  "post /api/worker/claim": claim,
  "post /api/worker/heartbeat": beat,
  "post /api/worker/report": report,
  "post /api/worker/presign": presign,
  "post /api/worker/complete": complete,
  "post /api/worker/publish": publish,
  "post /api/worker/rank": rank,
  "post /api/worker/translate": translate,
  "post /api/auth/challenge": challenge,
  "post /api/auth/verify": verify,
  "get /api/auth/session": off,
  "post /api/auth/logout": off,
  "get /api/credits": open,
  "get /api/credits/balance": off,
  "post /api/credits/topup/usdc/intent": intent,
  "post /api/credits/topup/usdc/send": send,
  "post /api/credits/topup/usdc/confirm": confirm,
  "post /api/credits/faucet": off,
  "post /api/credits/topup/quote": off,
  "post /api/credits/topup/confirm": off,
  "get /api/system": open,
  "get /api/status": open,
  "get /api/system/providers": open, // details are for the operator

  "jobs.create": open,
  "jobs.quote": open,
  "jobs.inspect": open,
  "jobs.view": open,
  "jobs.events": open,
  "jobs.start": forJob,
  "jobs.cancel": forJob,
  "jobs.retry": forJob,
  "jobs.results": forJob,
  "jobs.mine": { guard: "nobody", input: () => ({}) },
  "jobs.claim": claimJob,
  "jobs.list": { guard: "operator", input: () => ({}) },
  "clips.preview": forClip,
  "clips.download": forClip,
  "clips.view": forClip,
  "clips.artifact": artifact,
  "clips.unlock": forClip,
  "clips.edit": edit,
  "clips.revisions": forClip,
  "clips.show": show,
  "clips.edl": forJob,
  "clips.archive": forJob,
  "clips.timeline": forJob,
  "jobs.log": forJob,
  "shares.create": forJob,
  "shares.list": forJob,
  "shares.revoke": share,
  "shares.view": shared,
  "clips.ready": forJob,
  "uploads.create": open,
  "uploads.parts": upload,
  "uploads.complete": upload,
  "uploads.drop": upload,
  "worker.claim": claim,
  "worker.heartbeat": beat,
  "worker.report": report,
  "worker.presign": presign,
  "worker.complete": complete,
  "worker.publish": publish,
  "worker.rank": rank,
  "worker.translate": translate,
  "worker.callback": callback,
  "auth.challenge": challenge,
  "auth.verify": verify,
  "auth.session": off,
  "auth.logout": { guard: "nobody", input: () => ({}) },
  "credits.info": open,
  "credits.balance": { guard: "nobody", input: () => ({}) },
  "credits.topupIntent": intent,
  "credits.topupSend": send,
  "credits.topupConfirm": confirm,
  "credits.faucet": off,
  "credits.topupQuoteRetired": off,
  "credits.topupConfirmRetired": off,
  "system.info": open,
  "system.status": open,
  "system.providers": open,
};
const STREAM = "get /api/jobs/{job_id}/clips/{clip_file}";
export const PROCEDURES = appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>;
export const KNOWN = [
  ...ROUTES.map(({ method, path }) => `${method} ${path}`),
  STREAM,
  ...Object.keys(PROCEDURES),
];
