// What somebody would write in an hour: the same reads and writes on Express, with what any service owes whoever asks: input that is checked
// by the same schema, a token of which the hash is kept and compared in constant time, one who asks too often refused, CORS, the headers
// that keep browsers safe. On node:http alone there is none of that: it is the floor.
import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import { CreateJob, JobId } from "../../../packages/contract/src/index.ts";
import { bareStore } from "./bare-store.ts";
import { answering, ownUsage } from "./children.ts";
import { clockUs } from "./figures.ts";

const template = JSON.parse(process.env.VIEW ?? "{}"); // what the service answers, so that both send the same bytes
const store = bareStore(process.env);
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const versions = new Map<string, number>();
let readers = 0;

const sha256 = (text: string) => createHash("sha256").update(text).digest();

async function create(more: object = {}) {
  const job_id = `kk_${Array.from(randomBytes(26), (byte) => ALPHABET[byte % 32]).join("")}`;
  const job_token = `kkj_${randomBytes(32).toString("base64url")}`;
  const token_hash = sha256(job_token).toString("hex");
  await store.insert(job_id, JSON.stringify({ ...template, ...more, job_id, version: 1, token_hash }));
  return { job_id, job_token, status: "QUEUED" };
}

async function subscribe(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" });
  response.write("event: connected\ndata: {}\n\n\n");
  const write = (text: string) => void response.write(`data: ${text}\nid: ${JSON.parse(text).version}\n\n\n`);
  store.listen(id, write);
  readers++;
  request.on("close", () => {
    store.ignore(id, write);
    readers--;
  });
  const text = await store.get(id);
  if (text) write(text);
}

const SAFE = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "cross-origin",
  "origin-agent-cluster": "?1",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "SAMEORIGIN",
};
const ORIGINS = ["http://localhost:3000"];
const PER_MINUTE = Number.MAX_SAFE_INTEGER;

function onExpress() {
  const app = express().disable("x-powered-by");
  const limited = async ({ ip = "" }: Request, response: Response, next: NextFunction) => {
    if ((await store.count(ip)) <= PER_MINUTE) next();
    else response.status(429).json({ detail: "Too many requests" });
  };
  app.use((request, response, next) => {
    const { origin } = request.headers;
    response.set(SAFE).set({ "x-request-id": randomUUID(), "cache-control": "no-store" }).vary("Origin");
    if (origin && ORIGINS.includes(origin)) response.set("access-control-allow-origin", origin);
    next();
  });
  app.post("/api/jobs", express.json({ limit: "64kb" }), limited, async ({ body }, response) => {
    const { data, error } = CreateJob.safeParse(body);
    if (data) response.json(await create({ request: data, source: { url: data.video_url } }));
    else response.status(400).json({ detail: error.issues[0]?.message });
  });
  app.get("/api/jobs/:id", async (request, response) => {
    const id = JobId.safeParse(request.params.id).data;
    const text = id && (await store.get(id));
    if (!text) return void response.status(404).json({ detail: "job not found" });
    const { token_hash, ...view } = JSON.parse(text);
    const token = request.get("x-job-token");
    const own = token !== undefined && timingSafeEqual(sha256(token), Buffer.from(token_hash, "hex"));
    response.json(own ? view : { ...view, source: null, wallet: null });
  });
  app.get("/events/:id", (request, response) => subscribe(request.params.id, request, response));
  return createServer(app);
}

function onNode() {
  const json = (response: ServerResponse, text: string, status = 200) =>
    response
      .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
      .end(text);
  return createServer(async (request, response) => {
    const url = request.url ?? "";
    if (request.method === "POST") {
      let body = "";
      for await (const part of request.setEncoding("utf8")) body += part;
      JSON.parse(body);
      json(response, JSON.stringify(await create()));
    } else if (url.startsWith("/api/jobs/")) {
      const text = await store.get(url.slice("/api/jobs/".length));
      json(response, text ?? '{"detail":"job not found"}', text ? 200 : 404);
    } else await subscribe(url.slice("/events/".length), request, response);
  });
}

const server = process.env.KIND === "node" ? onNode() : onExpress();
process.once("SIGTERM", () => process.exit());
server.listen(0, "127.0.0.1", () =>
  answering((server.address() as AddressInfo).port, async (question) => {
    if (question.ask === "usage") return { ...ownUsage(), readers, watched: 0 };
    for (const id of question.ask === "change" ? question.ids : []) {
      const version = (versions.get(id) ?? 1) + 1;
      versions.set(id, version);
      const view = { ...template, job_id: id, version, message: String(clockUs()) };
      await store.change(id, JSON.stringify(view));
    }
    return null;
  }),
);
