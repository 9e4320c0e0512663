import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

/** The program looks at a server that never answers, and is given up. @returns whether its folder is still there */
async function givenUp(name: string, giveUp: (child: ChildProcess) => void): Promise<boolean> {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const cwd = await mkdtemp(join(tmpdir(), name));
  await writeFile(join(cwd, "source.mp4"), "what it has fetched");
  const child = spawn(process.execPath, [MAIN], {
    cwd,
    stdio: ["pipe", "ignore", "inherit"],
    env: {
      NODE_ENV: "production",
      PATH: process.env.PATH ?? "",
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    },
  });
  try {
    const fetch_policy = { allow_private: true, allow_origins: [], max_bytes: 1e9, max_seconds: 3600 };
    child.stdin.write(`${JSON.stringify({ url, fetch_policy, within_ms: 60_000 })}\n`);
    await once(server, "request");
    giveUp(child);
    await once(child, "close");
    return existsSync(cwd);
  } finally {
    child.kill("SIGKILL");
    server.closeAllConnections();
    server.close();
    await rm(cwd, { recursive: true, force: true });
  }
}

test("who looks for somebody that is gone ends and leaves nothing; a folder that was not made for it stays", async () => {
  const stays = await Promise.all([
    givenUp("kangklip-inspect-", (child) => child.stdin?.end()),
    givenUp("kangklip-inspect-", (child) => child.kill("SIGTERM")),
    givenUp("kk-by-hand-", (child) => child.stdin?.end()),
  ]);
  expect(stays).toEqual([false, false, true]);
}, 60_000);
