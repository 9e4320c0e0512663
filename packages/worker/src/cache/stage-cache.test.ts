import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonical, keyOf } from "./key.ts";
import { aCache } from "./testing.ts";

const { signal } = new AbortController();

test("what was kept comes back with its files, in another attempt and another process's cache", async () => {
  using a = await aCache();
  const key = keyOf("RENDER", { clip: 1 });
  expect(await a.cache.take(key, a.work)).toBeUndefined();
  await a.cache.keep(key, { seconds: 30.5, none: null }, [a.file("clip.mp4"), a.file("cover.jpg")]);
  const other = a.folder("other");
  expect(await (await a.open()).take(key, other)).toEqual({ seconds: 30.5, none: null });
  expect(readdirSync(other).sort()).toEqual(["clip.mp4", "cover.jpg"]);
  expect(readFileSync(join(other, "clip.mp4"), "utf8")).toBe("clip.mp4");
  expect(statSync(join(other, "clip.mp4")).mode & 0o222).toBe(0);
  expect(await a.cache.take(keyOf("RENDER", { clip: 2 }), other)).toBeUndefined();
  expect(await a.cache.take(keyOf("SELECT", { clip: 1 }), other)).toBeUndefined();
  expect([a.cache.notes(), a.logs]).toEqual([[], []]);
});

test("the bytes are not on the disk twice where the file system can share them", async () => {
  using a = await aCache();
  const file = a.file("source.mp4", Buffer.alloc(1 << 20, 7));
  await a.cache.keep(keyOf("DOWNLOAD", 1), {}, [file]);
  const [entry = ""] = a.names();
  const [ours, kept] = [file.path, join(a.entries, entry, "source.mp4")].map((path) => statSync(path));
  const free = statSync(a.root).dev === ours?.dev;
  expect(free).toBe(true);
  // a second name of the same file, or a copy that shares its blocks (which has an inode of its own)
  expect(ours?.ino === kept?.ino || ours?.nlink === 1).toBe(true);
});

test("keys: the order of fields does not matter, everything else does, and no input can be read from a name", async () => {
  using a = await aCache();
  expect(keyOf("DOWNLOAD", { a: 1, b: { c: [1, 2], d: null } })).toEqual(
    keyOf("DOWNLOAD", { b: { d: null, c: [1, 2] }, a: 1, e: undefined }),
  );
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
      const same = canonical(one) === canonical(two);
      return (keyOf("SELECT", one).sha256 === keyOf("SELECT", two).sha256) === same;
    }),
    { seed: 6, numRuns: 300 },
  );
  expect(() => keyOf("SELECT", { n: 1n })).toThrow(TypeError);
  const url = "https://example.com/talk.mp4?token=TOPSECRET";
  await a.cache.keep(keyOf("DOWNLOAD", { url }), { ok: true }, [a.file("source.mp4")]);
  const said = a.names().flatMap((name) => [name, readFileSync(join(a.entries, name, "entry.json"), "utf8")]);
  expect(said).toHaveLength(2);
  expect(said.join()).not.toMatch(/TOPSECRET|example/);
});

test("whatever is damaged is thrown away, and nothing of it is given out", async () => {
  using a = await aCache();
  const damages: [string, (folder: string) => void][] = [
    ["a changed byte", (folder) => rewrite(join(folder, "clip.mp4"), "klip.mp4")],
    [
      "a lost end",
      (folder) => {
        chmodSync(join(folder, "clip.mp4"), 0o600);
        truncateSync(join(folder, "clip.mp4"), 3);
      },
    ],
    ["a missing file", (folder) => rmSync(join(folder, "cover.jpg"))],
    ["a description that is no JSON", (folder) => rewrite(join(folder, "entry.json"), "{")],
    ["an empty description", (folder) => rewrite(join(folder, "entry.json"), "")],
    [
      "another value",
      (folder) => {
        const path = join(folder, "entry.json");
        rewrite(path, readFileSync(path, "utf8").replace("30", "31"));
      },
    ],
  ];
  for (const [what, damage] of damages) {
    const key = keyOf("RENDER", what);
    await a.cache.keep(key, { seconds: 30 }, [a.file("clip.mp4"), a.file("cover.jpg")]);
    damage(join(a.entries, a.names().find((name) => name.endsWith(key.sha256)) ?? ""));
    const into = a.folder(what.replaceAll(" ", "_"));
    expect([what, await a.cache.take(key, into), readdirSync(into)]).toEqual([what, undefined, []]);
    expect(a.names()).toEqual([]);
    rmSync(a.work, { recursive: true });
    mkdirSync(a.work);
  }
  expect(a.logs).toEqual(damages.map(() => "cache.damaged"));
  expect(a.cache.notes()).toEqual([]);
});

function rewrite(path: string, text: string): void {
  rmSync(path); // not through the other name of the same file
  writeFileSync(path, text);
}

test("an entry cannot name a file outside its folder", async () => {
  using a = await aCache();
  for (const name of ["../up.mp4", "/etc/x", ".hidden"])
    await a.cache.keep(keyOf("RENDER", name), {}, [{ ...a.file("clip.mp4"), name }]);
  const into = a.folder("into");
  for (const name of ["../up.mp4", "/etc/x", ".hidden"])
    expect(await a.cache.take(keyOf("RENDER", name), into)).toBeUndefined();
  expect(readdirSync(into)).toEqual([]);
  expect(existsSync(join(a.root, "up.mp4"))).toBe(false);
});

test("the least recently used goes first, files that were given out stay, and a shared file counts once", async () => {
  using a = await aCache(3500);
  const kilobyte = (name: string) => a.file(name, Buffer.alloc(1000, name));
  const age = (id: number, seconds: number) => {
    const name = a.names().find((one) => one.endsWith(keyOf("DOWNLOAD", id).sha256)) ?? "";
    const at = Date.now() / 1000 - seconds;
    utimesSync(join(a.entries, name, "entry.json"), at, at);
  };
  for (const id of [1, 2]) await a.cache.keep(keyOf("DOWNLOAD", id), { id }, [kilobyte(`${id}.bin`)]);
  age(1, 100);
  age(2, 50);
  const running = a.folder("running");
  expect(await a.cache.take(keyOf("DOWNLOAD", 1), running)).toEqual({ id: 1 }); // now 2 is the oldest
  await a.cache.keep(keyOf("DOWNLOAD", 3), { id: 3 }, [kilobyte("3.bin")]);
  const there = async (id: number) =>
    (await a.cache.take(keyOf("DOWNLOAD", id), a.folder(`to-${id}-${Math.random()}`))) !== undefined;
  expect([await there(1), await there(2), await there(3)]).toEqual([true, false, true]);
  age(1, 100);
  age(3, 50);
  for (const id of [4, 5]) await a.cache.keep(keyOf("DOWNLOAD", id), { id }, [kilobyte(`${id}.bin`)]);
  expect([await there(1), await there(3)]).toEqual([false, false]);
  expect(readFileSync(join(running, "1.bin"), "utf8")).toHaveLength(1000);
  // the same file under two keys
  for (const id of [4, 5]) age(id, 50);
  await a.cache.keep(keyOf("DOWNLOAD", 6), { id: 6 }, [kilobyte("shared.bin")]);
  await a.cache.keepAlso(keyOf("DOWNLOAD", 7), keyOf("DOWNLOAD", 6));
  await a.cache.keepAlso(keyOf("DOWNLOAD", 8), keyOf("DOWNLOAD", 404));
  expect([await there(6), await there(7), await there(8)]).toEqual([true, true, false]);
  const [one, two] = [6, 7].map((id) =>
    statSync(join(a.entries, `DOWNLOAD-${keyOf("DOWNLOAD", id).sha256}`, "shared.bin")),
  );
  expect(one?.ino === two?.ino || one?.nlink === 1).toBe(true);
});

test("what is larger than all of the cache is not kept at the cost of everything else", async () => {
  using a = await aCache(2000);
  await a.cache.keep(keyOf("SELECT", 1), { id: 1 });
  await a.cache.keep(keyOf("DOWNLOAD", 2), { id: 2 }, [a.file("big.bin", Buffer.alloc(5000))]);
  expect(await a.cache.take(keyOf("SELECT", 1), a.work)).toEqual({ id: 1 });
  expect(await a.cache.take(keyOf("DOWNLOAD", 2), a.work)).toBeUndefined();
});

test("what nobody has used for a month goes", async () => {
  using a = await aCache();
  await a.cache.keep(keyOf("SELECT", 1), {});
  await a.cache.keep(keyOf("SELECT", 2), {});
  const days = (count: number) => Date.now() / 1000 - count * 86_400;
  for (const [index, name] of a.names().entries())
    utimesSync(join(a.entries, name, "entry.json"), days(0), days(index === 0 ? 31 : 29));
  const [, kept] = a.names();
  await a.open();
  expect(a.names()).toEqual([kept]);
});

test("room that a job needs is made by eviction", async () => {
  using a = await aCache();
  await a.cache.keep(keyOf("DOWNLOAD", 1), {}, [a.file("a.bin", Buffer.alloc(5000))]);
  await a.cache.freeUp(1);
  expect(a.names()).toHaveLength(1);
  await a.cache.freeUp(Number.MAX_SAFE_INTEGER);
  expect(a.names()).toEqual([]);
});

test("two that want the same: one works, the other waits and takes; two that want two in other orders do not wait for ever", async () => {
  using a = await aCache();
  const other = await a.open();
  const [one, two] = [keyOf("RENDER", 1), keyOf("RENDER", 2)];
  let works = 0;
  let waits = 0;
  const job = async (cache: typeof other, keys: (typeof one)[]) =>
    cache.alone(keys, { signal, onWait: () => waits++ }, async () => {
      for (const key of keys) {
        if (await cache.take(key, a.work)) continue;
        works++;
        await sleep(100);
        await cache.keep(key, { key });
      }
    });
  await Promise.all([job(a.cache, [one, two]), job(other, [two, one, one])]);
  expect(works).toBe(2);
  expect(waits).toBeGreaterThan(0);
});

test("who waits hears that it is to stop", async () => {
  using a = await aCache();
  const key = keyOf("RENDER", 1);
  const stop = new AbortController();
  const held = Promise.withResolvers<void>();
  const first = a.cache.alone([key], { signal }, () => held.promise);
  const second = a.cache.alone(
    [key],
    { signal: stop.signal, onWait: () => stop.abort(new Error("enough")) },
    async () => "worked",
  );
  await expect(second).rejects.toThrow("enough");
  held.resolve();
  await first;
});
