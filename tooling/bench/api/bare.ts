// What somebody would write in ten minutes: Express (or node:http alone), the same reads and writes, no checks, nothing bounded.
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { bareStore } from "./bare-store.ts";
import { answering, ownUsage } from "./children.ts";
import { clockUs } from "./figures.ts";

const template = JSON.parse(process.env.VIEW ?? "{}"); // what the service answers, so that both send the same bytes
const store = bareStore(process.env);
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const versions = new Map<string, number>();
let readers = 0;

async function create() {
  const job_id = `kk_${Array.from(randomBytes(26), (byte) => ALPHABET[byte % 32]).join("")}`;
  await store.insert(job_id, JSON.stringify({ ...template, job_id, version: 1 }));
  return { job_id, job_token: `kkj_${randomBytes(32).toString("base64url")}`, status: "QUEUED" };
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

function onExpress() {
  const app = express().disable("x-powered-by");
  app.post("/api/jobs", express.json(), async (_request, response) => void response.json(await create()));
  app.get("/api/jobs/:id", async ({ params }, response) => {
    const text = await store.get(params.id);
    if (text) response.json(JSON.parse(text));
    else response.status(404).json({ detail: "job not found" });
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
