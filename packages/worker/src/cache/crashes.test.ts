import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { keyOf } from "./key.ts";
import { openStageCache } from "./stage-cache.ts";
import { aCache } from "./testing.ts";

// what a kill, a full disk and a folder that goes away leave behind

const KEEPER = fileURLToPath(new URL("testing-keeper.ts", import.meta.url));
const { signal } = new AbortController();

test("a worker that is killed while it works or keeps leaves nothing half, and its lock blocks nobody", async () => {
  using a = await aCache();
  for (const [index, when] of (["works", "keeps", "keeps", "keeps"] as const).entries()) {
    const name = `one-${index}`;
    const args = [KEEPER, join(a.root, "cache"), a.work, name, ...(when === "works" ? ["hold"] : [])];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise<void>((found) => {
      child.stdout.setEncoding("utf8").on("data", (said: string) => said.includes(when) && found());
    });
    if (index > 1) await sleep(index); // somewhere in the middle
    child.kill("SIGKILL");
    await once(child, "close");
    const into = a.folder(name);
    const cache = await a.open();
    const found = await cache.alone([keyOf("DOWNLOAD", name)], { signal }, () =>
      cache.take(keyOf("DOWNLOAD", name), into),
    );
    expect(found === undefined ? readdirSync(into) : readdirSync(into).sort()).toEqual(
      found === undefined ? [] : ["a.bin", "b.bin", "c.bin", "d.bin"],
    );
    expect(a.names().filter((one) => one.startsWith("."))).toEqual([]); // opening swept up
  }
  expect(a.logs).toEqual([]);
}, 60_000);

/** How a small disk of memory is mounted for one program; undefined where that is not allowed. */
const mounting = [
  ["unshare", "--mount"],
  ["unshare", "--mount", "--map-root-user"],
].find(
  ([program = "", ...way]) =>
    spawnSync(program, [...way, "mount", "-t", "tmpfs", "none", tmpdir()]).status === 0,
);

test.skipIf(!mounting)(
  "a full disk: the work is done, nothing half is left, and it is said (needs a mount)",
  async () => {
    using a = await aCache();
    const disk = a.folder("disk");
    const command = `mount -t tmpfs -o size=500k none "$1" && "$2" "$3" "$1" "$4" full; find "$1" -name 'entry.json' -o -name '.part-*' -o -name '*.bin'`;
    const args = ["sh", "-c", command, "sh", disk, process.execPath, KEEPER, a.work];
    const [program = "", ...way] = mounting ?? [];
    const { stdout, stderr } = spawnSync(program, [...way, ...args], { encoding: "utf8" });
    expect([stderr, stdout.split("\n").filter(Boolean)]).toEqual([
      "",
      ["works", "keeps", "kept", expect.stringMatching(/could not be kept .*ENOSPC/)],
    ]);
  },
);

test("what somebody is still writing is not swept up", async () => {
  using a = await aCache();
  const key = keyOf("DOWNLOAD", 1);
  await a.cache.alone([key], { signal }, async () => {
    const part = join(a.entries, `.part-DOWNLOAD-${key.sha256}-0000`);
    mkdirSync(part);
    await a.open();
    expect(existsSync(part)).toBe(true);
  });
  await a.open();
  expect(a.names()).toEqual([]);
});

test("many that keep and sweep at once take nothing from one another", async () => {
  using a = await aCache();
  const others = await Promise.all([a.open(), a.open(), a.open()]);
  const ids = Array.from({ length: 12 }, (_, id) => id);
  // small ones are kept, and swept after, while large ones are still being written
  const bytes = (id: number) => Buffer.alloc(id % 3 === 0 ? 8_000_000 : 1000, id);
  await Promise.all(
    ids.map((id) => others[id % 2]?.keep(keyOf("RENDER", id), { id }, [a.file(`${id}.bin`, bytes(id))])),
  );
  expect(others.flatMap((cache) => cache.notes())).toEqual([]);
  for (const id of ids) expect(await a.cache.take(keyOf("RENDER", id), a.work)).toEqual({ id });
});

test("a folder that cannot be used: the work goes on without, and it is said once", async () => {
  using a = await aCache();
  const file = join(a.root, "file");
  writeFileSync(file, "");
  const cache = await openStageCache({ dir: file, maxBytes: 1e9, log: (event) => void a.logs.push(event) });
  await cache.keep(keyOf("SELECT", 1), {});
  await cache.freeUp(1e12);
  expect(await cache.take(keyOf("SELECT", 1), a.work)).toBeUndefined();
  expect(await cache.alone([keyOf("SELECT", 1)], { signal }, async () => "done")).toBe("done");
  expect(cache.notes()).toEqual([expect.stringContaining("could not be kept")]);
  expect(a.logs).toEqual(["cache.trouble"]);
});

test("a folder that goes away, or a file that does, costs nothing but the keeping", async () => {
  using a = await aCache();
  await a.cache.keep(keyOf("RENDER", 1), {}, [{ name: "clip.mp4", path: join(a.work, "gone.mp4") }]);
  expect(a.names()).toEqual([]);
  rmSync(join(a.root, "cache"), { recursive: true });
  await a.cache.keep(keyOf("RENDER", 2), {}, [a.file("clip.mp4")]);
  expect(await a.cache.take(keyOf("RENDER", 2), a.work)).toBeUndefined();
  expect(await a.cache.alone([keyOf("RENDER", 2)], { signal }, async () => 1)).toBe(1);
  expect(a.cache.notes()).toHaveLength(1);
});
