import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type FetchPolicy, KangKlipError, parseSourceUrl } from "@kangklip/contract";
import { guardedLookup, mustBePublic, type Resolve, systemResolve } from "./guard.ts";

/** How long others may take. Tests are less patient. */
interface Limits {
  connectMs: number;
  idleMs: number;
  /** A connection that brings less than `slowBytes` in this time is ended; the clock starts anew after a pause of `pauseMs`. */
  slowMs: number;
  slowBytes: number;
  pauseMs: number;
}
const LIMITS: Limits = {
  connectMs: 10_000,
  idleMs: 60_000,
  slowMs: 60_000,
  slowBytes: 60_000,
  pauseMs: 15_000, // yt-dlp itself gives up a body that says nothing for so long, so this is a pause between two requests
};
const MAX_CONNECTIONS = 100;
/** Of the log; what comes after is only counted. */
const MAX_ENTRIES = 1000;
const HOP_BY_HOP = [
  "proxy-connection",
  "proxy-authorization",
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "upgrade",
];

/** A connection that a program wanted. */
export interface EgressEntry {
  /** "name:port", as it was asked for. */
  target: string;
  verdict: "allowed" | "refused" | "failed";
  /** Where it went; undefined where it was not made. */
  address: string | undefined;
}

export interface EgressProxy {
  /** With its password; for `--proxy` and `http_proxy`. */
  url: string;
  /** Bytes that came from outside. */
  bytes(): number;
  /** Connections that were let through. */
  allowed(): number;
  /** The first host that was refused, undefined where none was. */
  refused(): KangKlipError | undefined;
  /** Whether the cap on bytes ended it. */
  isOver(): boolean;
  /** What was asked for, in order, up to 1000 entries. */
  entries(): readonly EgressEntry[];
  close(): Promise<void>;
}

/**
 * A forward proxy on loopback for programs that open connections by themselves (yt-dlp and the ffmpeg it starts): CONNECT
 * and absolute-form requests, the address policy at every connection, a password nobody else knows, caps on bytes and on slowness, and a
 * log of who was asked for.
 */
export async function createEgressProxy(
  policy: FetchPolicy,
  resolve: Resolve = systemResolve,
  limits: Partial<Limits> = {},
): Promise<EgressProxy> {
  const { connectMs, idleMs, slowMs, slowBytes, pauseMs } = { ...LIMITS, ...limits };
  const password = randomBytes(24).toString("base64url");
  const expected = Buffer.from(`Basic ${Buffer.from(`kk:${password}`).toString("base64")}`);
  const sockets = new Set<Duplex>();
  let bytes = 0;
  let allowed = 0;
  let refused: KangKlipError | undefined;
  const entries: EgressEntry[] = [];
  const note = (target: string, verdict: EgressEntry["verdict"], address?: string) => {
    if (entries.length < MAX_ENTRIES) entries.push({ target, verdict, address });
  };

  const isKnown = ({ headers }: IncomingMessage) => {
    const given = Buffer.from(headers["proxy-authorization"] ?? "");
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
  const keep = <S extends Duplex>(socket: S): S => {
    sockets.add(socket);
    socket.on("error", () => {}); // the other side is told by its close
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };
  /** `url` has passed the parse wall, which refuses literals; names are checked here. */
  const dial = async (url: URL): Promise<Socket> => {
    const onlyPublic = mustBePublic(url.origin, policy);
    const socket = keep(
      connect({
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: Number(url.port || (url.protocol === "https:" ? 443 : 80)),
        lookup: guardedLookup(resolve, onlyPublic),
      }),
    );
    socket.setTimeout(connectMs, () => socket.destroy(new Error("no answer in time")));
    await once(socket, "connect");
    socket.setTimeout(idleMs);
    allowed += 1;
    note(
      `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`,
      "allowed",
      socket.remoteAddress,
    );
    meter(socket);
    return socket;
  };
  /** Counts what comes in; ends everything at the cap on bytes, and this connection where it only drips. */
  const meter = (socket: Socket) => {
    let [since, last, seen] = [performance.now(), performance.now(), 0];
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes > policy.max_bytes) for (const open of sockets) open.destroy();
      const now = performance.now();
      if (now - last > pauseMs) [since, seen] = [now, 0];
      last = now;
      seen += chunk.length;
      if (now - since <= slowMs) return;
      if (seen < slowBytes) socket.destroy(new Error("too slow"));
      [since, seen] = [now, 0];
    });
  };
  const statusOf = (error: unknown, target: string): 403 | 502 => {
    const isRefused =
      error instanceof KangKlipError && ["SOURCE_REFUSED", "INVALID_INPUT"].includes(error.code);
    note(target, isRefused ? "refused" : "failed");
    if (!(error instanceof KangKlipError) || error.code !== "SOURCE_REFUSED") return 502;
    refused ??= error;
    return 403;
  };

  async function forward(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    if (!isKnown(asked))
      return void answer.writeHead(407, { "proxy-authenticate": 'Basic realm="kk"' }).end();
    try {
      const url = parseSourceUrl(asked.url ?? "", policy);
      if (url.protocol !== "http:") throw new KangKlipError("SOURCE_REFUSED", "Only CONNECT leads to https");
      const socket = await dial(url);
      const headers = Object.fromEntries(
        Object.entries(asked.headers).filter(([name]) => !HOP_BY_HOP.includes(name)),
      );
      const out = request({
        createConnection: () => socket,
        method: asked.method ?? "GET",
        path: url.pathname + url.search,
        headers: { ...headers, host: url.host, connection: "close" },
      });
      const fail = () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end());
      out.on("response", (found) => {
        try {
          answer.writeHead(found.statusCode ?? 502, found.headers);
        } catch {
          fail(); // a status such as 099, which can be read but not written
          return void out.destroy();
        }
        found.pipe(answer);
        found.on("aborted", () => answer.destroy());
      });
      out.on("upgrade", (_found, upgraded) => upgraded.destroy()); // nobody asked for another protocol
      out.on("error", fail);
      out.on("close", () => {
        if (!answer.headersSent) fail();
      });
      if (answer.destroyed) return void out.destroy();
      answer.once("close", () => out.destroy());
      asked.pipe(out);
    } catch (error) {
      answer.writeHead(statusOf(error, hostIn(asked.url ?? ""))).end();
    }
  }

  async function tunnel(asked: IncomingMessage, client: Duplex, early: Buffer): Promise<void> {
    keep(client);
    const end = (line: string) => void client.end(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\n\r\n`);
    if (!isKnown(asked))
      return end('407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="kk"');
    try {
      const socket = await dial(targetOf(asked.url ?? "", policy));
      if (client.destroyed) return void socket.destroy();
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.write(early);
      socket.pipe(client).pipe(socket);
      socket.once("close", () => client.destroy());
      client.once("close", () => socket.destroy());
    } catch (error) {
      end(statusOf(error, shown(asked.url ?? "")) === 403 ? "403 Forbidden" : "502 Bad Gateway");
    }
  }

  const server = createServer((asked, answer) => void forward(asked, answer));
  server.maxConnections = MAX_CONNECTIONS;
  server.on("connection", keep);
  server.on("connect", (asked, client, early) => void tunnel(asked, client, early));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://kk:${password}@127.0.0.1:${port}`,
    bytes: () => bytes,
    allowed: () => allowed,
    refused: () => refused,
    isOver: () => bytes > policy.max_bytes,
    entries: () => entries,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Without path and query, which may hold secrets. */
const hostIn = (address: string): string =>
  shown(URL.canParse(address) ? new URL(address).host || new URL(address).protocol : "no address");
const shown = (text: string): string => text.replace(/[^\x21-\x7e]/g, "?").slice(0, 200);

/** `host:port` of a CONNECT through the parse wall. An origin that is allowed for http may be tunnelled to as well. */
function targetOf(authority: string, policy: FetchPolicy): URL {
  const plain = `http://${authority}`;
  const isAllowedPlain = URL.canParse(plain) && policy.allow_origins.includes(new URL(plain).origin);
  return parseSourceUrl(isAllowedPlain ? plain : `https://${authority}/`, policy);
}
