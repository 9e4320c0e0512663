import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createS3Store, type S3StoreOptions } from "./s3.ts";

/** What goes wrong with one request. */
export type Fault =
  /** Refused with this status and S3 code, nothing done. */
  | { status: number; code: string }
  /** Never answered; nothing done. */
  | "stall"
  /** Done, but the connection breaks before the answer. */
  | "eaten"
  /** "200 OK", then `<Error>` in the body; nothing done. */
  | "error-in-200"
  /** Done with half of the bytes. */
  | "short"
  /** Half of the body is sent, then the connection breaks, or nothing more comes. */
  | "cut"
  | "stall-half"
  /** As something in between sends it on that packs answers: nobody knows how long it is. */
  | "no-length";

export interface FakeRequest {
  op: string;
  key: string;
  /** The how many-th of its op, from 1. */
  count: number;
}

interface Kept {
  bytes: Buffer;
  type: string;
  etag: string;
}

interface Answer {
  status?: number;
  xml?: string;
  headers?: Record<string, string>;
}

interface Performed {
  op: string;
  key: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: Buffer;
  wrong: Fault | undefined;
}

/** A real server's pages hold 1000; these are short, so that a few parts are several pages. */
const PARTS_AT_ONCE = 2;
/** What the fake is asked with. */
export const KEYS = { accessKeyId: "KKFAKEKEYID", secretAccessKey: "kk-fake-secret-0123456789" };

/**
 * A stand-in for S3 on loopback for what no real server does on demand: faults, by `fault` for each request. It keeps objects in
 * memory and looks at no signature; what a real server does is shown with one (s3.e2e.test.ts).
 */
export async function startFakeS3(
  fault: (asked: FakeRequest) => Fault | undefined = () => undefined,
  { clockOffMs = 0 } = {},
) {
  const objects = new Map<string, Kept>();
  const uploads = new Map<string, { key: string; type: string; parts: Map<number, Buffer>; begunAt: Date }>();
  const asked: string[] = [];

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://fake");
    const key = decodeURIComponent(url.pathname.split("/").slice(2).join("/"));
    const op = operationOf(request, url, key);
    asked.push(op);
    response.setHeader("date", new Date(Date.now() + clockOffMs).toUTCString());
    const wrong = fault({ op, key, count: asked.filter((one) => one === op).length });
    if (wrong === "stall") return;
    const body = await buffer(request);
    if (typeof wrong === "object") send(response, refusal(wrong.status, wrong.code));
    else if (wrong === "error-in-200") send(response, refusal(200, "InternalError"));
    else if (op === "get" || op === "head")
      sendObject({ request, response, query: url.searchParams }, objects.get(key), wrong);
    else {
      const answer = perform({ op, key, query: url.searchParams, headers: request.headers, body, wrong });
      if (wrong === "eaten") request.socket.destroy();
      else send(response, answer);
    }
  });

  function perform({ op, key, query, headers, body, wrong }: Performed): Answer {
    const kept = (bytes: Buffer) => (wrong === "short" ? half(bytes) : bytes);
    const type = headers["content-type"] ?? "";
    const prefix = query.get("prefix") ?? "";
    const id = query.get("uploadId") ?? "";
    const upload = uploads.get(id);
    if (["part", "complete", "abort", "parts"].includes(op) && upload?.key !== key)
      return refusal(404, "NoSuchUpload");
    switch (op) {
      case "put":
        return { headers: { etag: keep(key, kept(body), type) } };
      case "copy": {
        const source = objects.get(String(headers["x-amz-copy-source"]).split("/").slice(1).join("/"));
        if (!source) return refusal(404, "NoSuchKey");
        return {
          xml: element("CopyObjectResult", element("ETag", keep(key, kept(source.bytes), source.type))),
        };
      }
      case "begin": {
        const begun = randomUUID();
        uploads.set(begun, { key, type, parts: new Map(), begunAt: new Date() });
        return { xml: element("InitiateMultipartUploadResult", element("UploadId", begun)) };
      }
      case "part":
        upload?.parts.set(Number(query.get("partNumber")), body);
        return { headers: { etag: tagOf(body) } };
      case "parts": {
        const from = Number(query.get("part-number-marker") ?? 0);
        const all = [...(upload?.parts ?? [])].toSorted(([a], [b]) => a - b).filter(([part]) => part > from);
        const page = all.slice(0, PARTS_AT_ONCE);
        const rows = page.map(([part, bytes]) => {
          const facts = [element("PartNumber", `${part}`), element("Size", `${bytes.length}`)];
          return element("Part", ...facts, element("ETag", tagOf(bytes)));
        });
        const more = all.length > page.length;
        const next = more ? element("NextPartNumberMarker", `${page.at(-1)?.[0]}`) : "";
        return { xml: element("ListPartsResult", element("IsTruncated", `${more}`), next, ...rows) };
      }
      case "complete": {
        const named = body
          .toString()
          .replaceAll("&quot;", '"')
          .matchAll(/<ETag>"?([^"<]+)"?<\/ETag>/g);
        const parts = [...(upload?.parts ?? [])].toSorted(([a], [b]) => a - b).map(([, bytes]) => bytes);
        const told = [...named].map(([, etag]) => `"${etag}"`);
        if (told.join() !== parts.map(tagOf).join()) return refusal(400, "InvalidPart");
        uploads.delete(id);
        const etag = keep(key, kept(Buffer.concat(parts)), upload?.type ?? "");
        return { xml: element("CompleteMultipartUploadResult", element("ETag", etag)) };
      }
      case "abort":
        uploads.delete(id);
        return {};
      case "delete":
        objects.delete(key);
        return {};
      case "delete-many":
        for (const [, name] of body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)) objects.delete(name ?? "");
        return { xml: element("DeleteResult") };
      case "list": {
        const names = [...objects.keys()].filter((name) => name.startsWith(prefix));
        const rows = names.map((name) => element("Contents", element("Key", name)));
        return { xml: element("ListBucketResult", ...rows) };
      }
      case "uploads": {
        const rows = [...uploads].flatMap(([begun, { key: name, begunAt }]) => {
          const since = element("Initiated", begunAt.toISOString());
          const row = element("Upload", element("Key", name), element("UploadId", begun), since);
          return name.startsWith(prefix) ? [row] : [];
        });
        return { xml: element("ListMultipartUploadsResult", ...rows) };
      }
      default:
        return {};
    }
  }

  function keep(key: string, bytes: Buffer, type: string): string {
    const etag = tagOf(bytes);
    objects.set(key, { bytes, type, etag });
    return etag;
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    objects,
    uploads,
    /** The operations that were asked for, in order. */
    asked,
    newStore: (options: Partial<S3StoreOptions> = {}) =>
      createS3Store({ endpoint, bucket: "fake", region: "auto", ...KEYS, ...options }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function operationOf({ method, headers }: IncomingMessage, { searchParams }: URL, key: string): string {
  const has = (name: string) => searchParams.has(name);
  if (key === "")
    return method === "HEAD" ? "bucket" : has("uploads") ? "uploads" : has("delete") ? "delete-many" : "list";
  if (method === "POST") return has("uploads") ? "begin" : "complete";
  if (has("uploadId")) return method === "PUT" ? "part" : method === "DELETE" ? "abort" : "parts";
  return method === "PUT" && headers["x-amz-copy-source"] ? "copy" : (method ?? "").toLowerCase();
}

const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);
const tagOf = (bytes: Buffer) => `"${createHash("md5").update(bytes).digest("hex")}"`;
const element = (name: string, ...inner: string[]) => `<${name}>${inner.join("")}</${name}>`;
const refusal = (status: number, code: string): Answer => ({
  status,
  xml: element("Error", element("Code", code), element("Message", "as told")),
});

function send(response: ServerResponse, { status = 200, xml = "", headers = {} }: Answer): void {
  response.writeHead(status, { "content-type": "application/xml", ...headers });
  response.end(xml);
}

function sendObject(
  asked: { request: IncomingMessage; response: ServerResponse; query: URLSearchParams },
  kept: Kept | undefined,
  wrong: Fault | undefined,
): void {
  const { method, headers } = asked.request;
  const { response } = asked;
  if (!kept) {
    send(response, refusal(404, "NoSuchKey"));
    return;
  }
  const { bytes, type, etag } = kept;
  if (headers["if-match"] && headers["if-match"] !== etag) {
    send(response, refusal(412, "PreconditionFailed"));
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
  const [start, end] = [Number(first ?? 0), Math.min(Number(last ?? bytes.length), bytes.length - 1)];
  const part = bytes.subarray(start, end + 1);
  const disposition = asked.query.get("response-content-disposition");
  response.writeHead(first === undefined ? 200 : 206, {
    "content-type": type,
    ...(wrong !== "no-length" && { "content-length": part.length }),
    "last-modified": new Date().toUTCString(),
    etag,
    ...(disposition && { "content-disposition": disposition }),
    ...(first !== undefined && { "content-range": `bytes ${start}-${end}/${bytes.length}` }),
  });
  if (method === "HEAD") response.end();
  else if (wrong === "cut") response.write(half(part), () => response.destroy());
  else if (wrong === "stall-half") response.write(half(part));
  else response.end(part);
}
