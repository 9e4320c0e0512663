import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { connect, isIP, type LookupFunction } from "node:net";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { ErrorCode } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { aContext, ffmpeg, temporaryDir, tools } from "../asr/testing.ts";
import { guardedLookup, type Resolve } from "../fetch/guard.ts";
import { type Behaviour, PAGE_READER, routeOf } from "../fetch/testing-behaviours.ts";
import { selfSigned } from "../fetch/testing-certificate.ts";
import { logDials } from "../fetch/testing-dials.ts";
import { startOrigin, text } from "../fetch/testing-server.ts";
import { download } from "./download.ts";

/**
 * A row of corpus/origins.json. In every text `{self}`, `{inside}` and `{port}` stand for the row's own server, for a second one that
 * nobody may reach, and for the second one's port.
 */
interface OriginRow {
  id: string;
  what: string;
  /** Where to begin: a path of the row's server ("/v.mp4" by default) or a whole address. */
  at?: string;
  /** What the server does, by path. */
  serve?: Record<string, Behaviour>;
  /** The server speaks TLS with a certificate of this kind. */
  tls?: "trusted" | "self-signed" | "expired" | "wrong host";
  /** What names resolve to: addresses, an error of the resolver, or "silent" for one that never answers. */
  names?: Record<string, string[] | string>;
  /** A program that reads pages is there, as yt-dlp would be. */
  reads_pages?: boolean;
  /** The row waits for a time-out, so it is given little patience. */
  hurry?: boolean;
  max_bytes?: number;
  expect: {
    /** The failure's code; none: a video comes of it. */
    code?: ErrorCode;
    /** Words of the failure's message. */
    says?: string;
    way?: string;
    /** How many requests the row's server sees. */
    requests?: number;
  };
}
/** Names and what they resolve to, one answer per question; "refused" or the addresses that are handed on. */
interface LookupRow {
  id: string;
  what: string;
  answers: string[][];
  expect: (string[] | ErrorCode | "ENOTFOUND")[];
}
const { origins, lookups }: { origins: OriginRow[]; lookups: LookupRow[] } = JSON.parse(
  readFileSync(new URL("../../corpus/origins.json", import.meta.url), "utf8"),
);

const HURRY = { connectMs: 150, headersMs: 150, idleMs: 150, retryMs: 1, slowMs: 100, slowBytes: 10_000 };
const media = new Map<string, Buffer>();
beforeAll(async () => {
  if (!tools) return;
  await using temporary = await temporaryDir();
  const made = async (name: string, ...args: string[]) => {
    await ffmpeg(...args, join(temporary.dir, name));
    media.set(name, await readFile(join(temporary.dir, name)));
  };
  const inputs = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d=26", "-f", "lavfi", "-i", "sine=d=26"];
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "32k"];
  await made("talk.mp4", ...inputs, ...codecs, "-movflags", "+faststart");
  await made("talk.ts", ...inputs, ...codecs);
}, 60_000);
const mediaNamed = (name: string): Buffer => {
  const found = media.get(name);
  if (!found) throw new Error(`${name} was not made`);
  return found;
};

function certificateFor(tls: NonNullable<OriginRow["tls"]>) {
  if (tls === "expired") return selfSigned("127.0.0.1", -1);
  return selfSigned(tls === "wrong host" ? "other.example" : "127.0.0.1");
}

const resolverOf =
  (names: OriginRow["names"] = {}): Resolve =>
  async (name) => {
    const answer = names[name];
    if (answer === "silent") return new Promise(() => {});
    if (typeof answer === "string") throw Object.assign(new Error(answer), { code: answer });
    if (!answer) throw Object.assign(new Error(`${name} was not to be resolved`), { code: "ENOTFOUND" });
    return answer.map((address) => ({ address, family: isIP(address) }));
  };

/** Has a row's source fetched by the whole DOWNLOAD stage; tells what came of it and who was dialled. */
async function fetchedFrom({ at = "/v.mp4", serve = {}, tls, names, hurry, ...row }: OriginRow) {
  const secret = text("video/mp4", "SECRET");
  await using inside = await startOrigin({ "/": secret, "/secret.mp4": secret, "/secret.ts": secret });
  const filled = (words: string, self: string) =>
    words
      .replaceAll("{self}", self)
      .replaceAll("{inside}", inside.origin)
      .replaceAll("{port}", new URL(inside.origin).port);
  const routes: Parameters<typeof startOrigin>[0] = {};
  const certificate = tls && certificateFor(tls);
  await using server = await startOrigin(routes, undefined, certificate);
  const told: typeof serve = JSON.parse(filled(JSON.stringify(serve), server.origin));
  for (const [path, behaviour] of Object.entries(told)) routes[path] = routeOf(behaviour, mediaNamed);

  await using temporary = await temporaryDir();
  await using programs = await temporaryDir();
  const reader = join(programs.dir, "reader");
  if (row.reads_pages) await writeFile(reader, PAGE_READER, { mode: 0o755 });
  const { context } = aContext(temporary.dir, { settings: { ytDlpPath: reader } });
  const url = at.startsWith("/") ? `${server.origin}${at}` : filled(at, server.origin);
  const fetch_policy = {
    allow_private: false,
    allow_origins: [server.origin],
    max_bytes: row.max_bytes ?? 5e6,
    max_seconds: 3600,
  };
  const job = aJobSpec({ source: { kind: "url", url }, fetch_policy });
  const authorities = getCACertificates("default");
  if (tls === "trusted" && certificate) setDefaultCACertificates([...authorities, certificate.cert]);
  using log = logDials();
  try {
    const outcome = await download(
      { ...context, job },
      { resolve: resolverOf(names), patience: hurry ? HURRY : { retryMs: 1 } },
    ).then(
      (source) => ({ source, error: undefined }),
      (error: unknown) => ({ source: undefined, error }),
    );
    const files = await readdir(temporary.dir);
    const strangers = log.dials.filter((dial) => dial !== new URL(server.origin).host);
    return { ...outcome, files, strangers, dials: log.dials.length, inside, server };
  } finally {
    if (tls === "trusted") setDefaultCACertificates(authorities);
  }
}

const needsMedia = ({ serve = {} }: OriginRow) => JSON.stringify(serve).includes('"media"');

describe("where a source leads and what its server does", () => {
  for (const row of origins) {
    const { id, what, expect: expected } = row;
    const needs = needsMedia(row) ? " (needs ffmpeg)" : "";
    test.skipIf(needs !== "" && !tools)(
      `${id} ${what}: ${expected.code ?? "fetched"}${needs}`,
      { timeout: 60_000 },
      async () => {
        const { source, error, files, strangers, inside, server } = await fetchedFrom(row);
        expect(inside.connections(), "connections to the server inside").toBe(0);
        expect(strangers, "addresses dialled besides the row's own server").toEqual([]);
        if (expected.code) {
          expect(error).toMatchObject({ name: "KangKlipError", code: expected.code });
          if (expected.says) expect((error as Error).message).toContain(expected.says);
          expect(files).toEqual([]);
        } else {
          expect(error).toBeUndefined();
          expect(source?.meta.way).toBe(expected.way ?? "file");
          expect(files).toEqual([expect.stringMatching(/^source\.(mp4|mkv|ts)$/)]);
        }
        if (expected.requests !== undefined) expect(server.requests).toHaveLength(expected.requests);
      },
    );
  }

  test("ids are unique, and the log of dials does see a connection", async () => {
    const ids = [...origins, ...lookups].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const { dials } = await fetchedFrom({
      id: "",
      what: "",
      expect: {},
      serve: { "/v.mp4": { status: 404 } },
    });
    expect(dials).toBe(1);
  });
});

describe("what names resolve to", () => {
  test.each(lookups)("$id $what", async ({ answers, expect: expected }) => {
    let asked = 0;
    const lookup = guardedLookup(
      async () => (answers[asked++] ?? []).map((address) => ({ address, family: isIP(address) })),
      true,
    );
    const got: unknown[] = [];
    for (const _ of answers)
      got.push(
        await new Promise((done) =>
          lookup("name.example", { all: true }, (error, found) =>
            done(error ? error.code : (found as { address: string }[]).map(({ address }) => address)),
          ),
        ),
      );
    expect(got).toEqual(expected);
    expect(asked).toBe(answers.length);
  });
});

test("the log of dials lets nothing out that is not on this machine", async () => {
  using log = logDials();
  const blocked = (host: string, addresses: string[]) =>
    new Promise<string | undefined>((done) => {
      const answers = addresses.map((address) => ({ address, family: isIP(address) }));
      const lookup: LookupFunction = (_name, _options, callback) => callback(null, answers);
      connect({ host, port: 9, lookup }).on("error", (error: NodeJS.ErrnoException) => done(error.code));
    });
  expect(await blocked("192.0.2.1", [])).toBe("ERR_IP_BLOCKED");
  expect(await blocked("two.example", ["192.0.2.1", "2001:db8::1"])).toBe("ERR_IP_BLOCKED");
  expect(log.dials).toEqual(["192.0.2.1:9", "blocked", "blocked"]);
});
