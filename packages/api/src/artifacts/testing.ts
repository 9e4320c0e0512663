import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { createDiskStore } from "./disk.ts";
import { artifactRoutes } from "./disk-routes.ts";

export const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
export const SECRET = Buffer.alloc(32, 7);

/** A disk store in a new folder, served on a free port. Closing it removes both. */
export async function openDiskPlace() {
  const dir = mkdtempSync(join(tmpdir(), "kk-artifacts-"));
  const store = createDiskStore({ dir, secret: SECRET, basePath: "/artifacts" });
  const bugs: unknown[] = [];
  const routes = artifactRoutes(store, (error) => bugs.push(error));
  const server = createServer(express().use("/artifacts", routes)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    store,
    dir,
    /** Errors that the routes could not answer. */
    bugs,
    baseUrl,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
export type DiskPlace = Awaited<ReturnType<typeof openDiskPlace>>;

/** The name of every file below the folder, the hidden ones too. */
export const filesIn = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : [];
