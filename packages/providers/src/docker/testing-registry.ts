import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";

/**
 * A registry on a port of this machine with one image, whose only layer (of random bytes) comes slowly. `await using` ends it.
 * @param bytes size of the layer. @param ms how long it takes
 */
export async function startRegistry({ bytes, ms }: { bytes: number; ms: number }) {
  const dir = mkdtempSync(join(tmpdir(), "kk-registry-"));
  writeFileSync(join(dir, "noise"), randomBytes(bytes));
  const tar = execFileSync("tar", ["-C", dir, "-c", "noise"], { maxBuffer: bytes * 2 });
  rmSync(dir, { recursive: true, force: true });
  const layer = gzipSync(tar, { level: 1 });
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: { Entrypoint: ["/worker"] },
      rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      history: [{ created: "2026-01-01T00:00:00Z" }],
    }),
  );
  const DOCKER = "application/vnd.docker";
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${DOCKER}.distribution.manifest.v2+json`,
      config: {
        mediaType: `${DOCKER}.container.image.v1+json`,
        size: config.length,
        digest: digestOf(config),
      },
      layers: [
        { mediaType: `${DOCKER}.image.rootfs.diff.tar.gzip`, size: layer.length, digest: digestOf(layer) },
      ],
    }),
  );
  const served = new Map([
    [digestOf(layer), layer],
    [digestOf(config), config],
    [digestOf(manifest), manifest],
    ["1", manifest],
  ]);
  const server = createServer((request, response) => {
    const what = request.url?.split("/").at(-1) ?? "";
    const body = served.get(what);
    if (request.url === "/v2/") return void response.end("{}");
    if (!body) {
      response.writeHead(404, { "content-type": "application/json" });
      return void response.end(
        JSON.stringify({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }),
      );
    }
    response.writeHead(200, {
      "content-type":
        body === manifest ? `${DOCKER}.distribution.manifest.v2+json` : "application/octet-stream",
      "content-length": body.length,
      "docker-content-digest": digestOf(body),
    });
    if (request.method === "HEAD") return void response.end();
    if (body !== layer) return void response.end(body);
    void (async () => {
      const steps = 20;
      const size = Math.ceil(body.length / steps);
      for (let at = 0; at < body.length; at += size) {
        response.write(body.subarray(at, at + size));
        await sleep(ms / steps);
      }
      response.end();
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    image: `127.0.0.1:${port}/kangklip/worker:1`,
    missing: `127.0.0.1:${port}/kangklip/worker:2`,
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
