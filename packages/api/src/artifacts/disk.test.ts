import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { createDiskStore } from "./disk.ts";
import { testArtifactStore } from "./store-contract.ts";
import { filesIn, openDiskPlace, SECRET, sha256 } from "./testing.ts";

describe("disk store", () => testArtifactStore(openDiskPlace));

describe("the folder", () => {
  test("an object is a plain file under its key, which anybody can open", async () => {
    await using place = await openDiskPlace();
    await place.store.put("jobs/a/manifest.json", "{}", { contentType: "application/json" });
    const file = join(place.dir, "jobs/a/manifest.json");
    expect(readFileSync(file, "utf8")).toBe("{}");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("nothing is left beside an object but its facts, however often it was written, copied and removed", async () => {
    await using place = await openDiskPlace();
    const { store, dir } = place;
    for (let round = 0; round < 5; round++) {
      await store.put("jobs/a/x", `round ${round}`, { contentType: "text/plain" });
      await store.copy("jobs/a/x", "jobs/a/y");
    }
    expect(filesIn(dir)).toHaveLength(4);
    await store.delete("jobs/a/x");
    await store.delete("jobs/a/y");
    expect(filesIn(dir)).toEqual([]);
  });

  test("a file that came there by hand, or from a backup, is served with facts found out from it", async () => {
    await using place = await openDiskPlace();
    const { store, dir } = place;
    await store.put("jobs/a/clip_01.mp4", "clip", { contentType: "video/mp4" });
    mkdirSync(join(dir, "jobs/b"));
    copyFileSync(join(dir, "jobs/a/clip_01.mp4"), join(dir, "jobs/b/clip_01.mp4"));
    const expected = { sizeBytes: 4, sha256: sha256("clip"), contentType: "video/mp4" };
    expect(await store.head("jobs/b/clip_01.mp4")).toMatchObject(expected);
    writeFileSync(join(dir, "jobs/a/clip_01.mp4"), "changed by hand");
    expect(await store.head("jobs/a/clip_01.mp4")).toMatchObject({ sha256: sha256("changed by hand") });
  });

  test("facts that a loss of power cut short are found out again", async () => {
    await using place = await openDiskPlace();
    await place.store.put("jobs/a/x.json", "{}", { contentType: "application/json" });
    const [facts] = filesIn(place.dir).filter((name) => name.startsWith("."));
    writeFileSync(join(place.dir, "jobs/a", facts ?? ""), '{"sha2');
    expect(await place.store.head("jobs/a/x.json")).toMatchObject({
      sha256: sha256("{}"),
      contentType: "application/json",
    });
  });

  test("links in the folder lead nowhere", async () => {
    await using place = await openDiskPlace();
    mkdirSync(join(place.dir, "jobs/a"), { recursive: true });
    symlinkSync("/etc/passwd", join(place.dir, "jobs/a/passwd"));
    expect(await place.store.head("jobs/a/passwd")).toBeUndefined();
    expect(await Array.fromAsync(place.store.list("jobs/"))).toEqual([]);
  });

  test("a name cannot be a folder and an object at once", async () => {
    await using place = await openDiskPlace();
    await place.store.put("jobs/a/x/y", "object", { contentType: "text/plain" });
    const conflict = { code: "CONFLICT" };
    const under = place.store.put("jobs/a/x/y/z", "deeper", { contentType: "text/plain" });
    await expect(under).rejects.toMatchObject(conflict);
    const over = place.store.put("jobs/a/x", "above", { contentType: "text/plain" });
    await expect(over).rejects.toMatchObject(conflict);
  });

  test("a process killed in the middle of an object leaves nothing that anybody sees", async () => {
    await using place = await openDiskPlace();
    const { store, dir } = place;
    const script = `
      import { createDiskStore } from ${JSON.stringify(new URL("./disk.ts", import.meta.url).href)};
      const store = createDiskStore({ dir: ${JSON.stringify(dir)}, secret: Buffer.alloc(32), basePath: "" });
      async function* endless() { for (;;) { yield Buffer.alloc(4096, 1); console.log("wrote"); await new Promise((go) => setTimeout(go, 5)); } }
      const { Readable } = await import("node:stream");
      await store.put("jobs/a/clip_01.mp4", Readable.from(endless()), { contentType: "video/mp4" });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for (let lines = 0; lines < 3; lines++) await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    const unfinished = readdirSync(join(dir, ".tmp"));
    expect(unfinished).toHaveLength(1);
    expect(await store.head("jobs/a/clip_01.mp4")).toBeUndefined();
    expect(await Array.fromAsync(store.list("jobs/"))).toEqual([]);

    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    utimesSync(join(dir, ".tmp", unfinished[0] ?? ""), longAgo, longAgo);
    const next = createDiskStore({ dir, secret: SECRET, basePath: "/artifacts" });
    await next.put("jobs/a/clip_01.mp4", "whole", { contentType: "video/mp4" });
    expect(readdirSync(join(dir, ".tmp"))).toEqual([]);
  });

  test("tidying removes what is unfinished since before a time, and nothing that is younger", async () => {
    await using place = await openDiskPlace();
    const { store, dir } = place;
    await store.put("jobs/a/x", "x", { contentType: "text/plain" });
    for (const [name, hoursAgo] of [
      ["old", 3],
      ["young", 1],
    ] as const) {
      writeFileSync(join(dir, ".tmp", name), "half");
      const then = new Date(Date.now() - hoursAgo * 3_600_000);
      utimesSync(join(dir, ".tmp", name), then, then);
    }
    await store.tidy(Date.now() - 2 * 3_600_000);
    expect(readdirSync(join(dir, ".tmp"))).toEqual(["young"]);
    expect(await store.hash("jobs/a/x")).toBe(sha256("x"));
  });

  test("tidying removes facts of versions that never became visible, and no others", async () => {
    await using place = await openDiskPlace();
    const { store, dir } = place;
    await store.put("jobs/a/x", "x", { contentType: "text/plain" });
    const folder = join(dir, "jobs/a");
    const before = readdirSync(folder).toSorted();
    const stray = [".x.123-456", ".gone.7-8", `.x.9-9.${randomUUID()}`];
    for (const name of stray) writeFileSync(join(folder, name), "{}");
    await store.tidy(Date.now() - 60_000);
    expect(readdirSync(folder)).toHaveLength(before.length + stray.length); // they may be of an upload that goes on
    await store.tidy(Date.now() + 60_000);
    expect(readdirSync(folder).toSorted()).toEqual(before);
    expect(await store.head("jobs/a/x")).toMatchObject({ contentType: "text/plain" });
  });

  test("folders that hold nothing any more are gone, and are there again when they are needed", async () => {
    await using place = await openDiskPlace();
    const { store, dir } = place;
    const text = { contentType: "text/plain" };
    await store.put("jobs/a/attempts/1/x", "x", text);
    await store.put("jobs/b/x", "x", text);
    await store.delete("jobs/a/attempts/1/");
    await store.delete("jobs/b/x");
    expect(readdirSync(join(dir, "jobs"))).toEqual([]);
    const writes = Array.from({ length: 20 }, async (_, index) => {
      await store.put(`jobs/a/attempts/1/${index}`, "x", text);
      if (index % 2) await store.delete(`jobs/a/attempts/1/${index}`);
    });
    await Promise.all(writes);
    expect(await Array.fromAsync(store.list("jobs/"))).toHaveLength(10);
  });

  test("the hash is that of the bytes, not of what was noted of them", async () => {
    await using place = await openDiskPlace();
    const { store, dir } = place;
    await store.put("jobs/a/x", "right", { contentType: "text/plain" });
    const file = join(dir, "jobs/a/x");
    const { atime, mtime } = statSync(file);
    writeFileSync(file, "wrong"); // as a disk that forgets does it: same file, same time
    utimesSync(file, atime, mtime);
    expect(await store.hash("jobs/a/x")).toBe(sha256("wrong"));
  });

  test("a process killed between writing an object and showing it leaves the old one", async () => {
    await using place = await openDiskPlace();
    const { store, dir } = place;
    await store.put("jobs/a/x", "old", { contentType: "text/plain" });
    // what is on the disk at that moment: the finished file, and its facts beside the old object
    writeFileSync(join(dir, ".tmp/finished"), "new");
    const { ino, mtimeNs } = statSync(join(dir, ".tmp/finished"), { bigint: true });
    const facts = JSON.stringify({ sha256: sha256("new"), content_type: "video/mp4" });
    writeFileSync(join(dir, `jobs/a/.x.${ino}-${mtimeNs}`), facts);
    const expected = { sha256: sha256("old"), contentType: "text/plain" };
    expect(await store.head("jobs/a/x")).toMatchObject(expected);
    expect(await Array.fromAsync(store.list("jobs/"))).toEqual(["jobs/a/x"]);
    linkSync(join(dir, ".tmp/finished"), join(dir, "jobs/a/shown")); // and the rename brings both at once
    expect(await buffer((await store.get("jobs/a/shown")).body)).toEqual(Buffer.from("new"));
  });

  test("of twenty writers of one object at once each reader sees one version, whole", async () => {
    await using place = await openDiskPlace();
    const { store } = place;
    const version = (index: number) => `${index} `.repeat(5000 + index * 100);
    const put = (index: number) =>
      store.put("jobs/a/x", Readable.from([version(index)]), { contentType: `text/v${index}` });
    await put(0);
    let writing = true;
    let reads = 0;
    const reader = async () => {
      while (writing) {
        const { info, body } = await store.get("jobs/a/x");
        const index = Number(info.contentType.slice("text/v".length));
        const bytes = await buffer(body);
        expect(info.sha256).toBe(sha256(version(index)));
        expect(bytes.toString()).toBe(version(index));
        reads++;
      }
    };
    const readers = [reader(), reader()];
    for (let round = 0; round < 3; round++)
      await Promise.all(Array.from({ length: 20 }, (_, index) => put(index + 1)));
    writing = false;
    await Promise.all(readers);
    expect(reads).toBeGreaterThan(2);
    expect(readdirSync(join(place.dir, ".tmp"))).toEqual([]);
  });

  test("an object that is copied while it is replaced is one version, whole", async () => {
    await using place = await openDiskPlace();
    const { store } = place;
    const put = (index: number) =>
      store.put("jobs/a/x", `version ${index}`, { contentType: `text/v${index}` });
    await put(0);
    const copies = async () => {
      for (let times = 0; times < 30; times++) {
        await store.copy("jobs/a/x", "jobs/a/y");
        const { info, body } = await store.get("jobs/a/y");
        expect(await text(body)).toBe(`version ${info.contentType.slice("text/v".length)}`);
      }
    };
    const puts = async () => {
      for (let index = 1; index <= 30; index++) await put(index);
    };
    await Promise.all([copies(), puts()]);
  });
});
