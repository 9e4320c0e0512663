import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type DiskPlace, filesIn, openDiskPlace, SECRET, sha256 } from "./testing.ts";
import { expectObject } from "./testing-contract.ts";

const KEY = "uploads/u/source";
const TYPE = { contentType: "application/octet-stream" };
const PARTS = [1, 2, 3, 4].map((part) => Buffer.alloc(part === 4 ? 1000 : 300_000, part));
const FILE = Buffer.concat(PARTS);

async function begun({ store, dir }: DiskPlace) {
  const id = await store.beginParts(KEY, TYPE);
  const folder = join(dir, `${KEY}.parts`, id);
  const put = (part: number, bytes = PARTS[part - 1] ?? Buffer.alloc(0)) =>
    store.put(`${KEY}.parts/${id}/0000${part}`, bytes, TYPE);
  const etags = async () => (await store.arrivedParts(KEY, id))?.map(({ etag }) => etag) ?? [];
  return { id, folder, put, etags };
}
const all = PARTS.map((_, index) => index + 1);

describe("parts on the disk", () => {
  test("nothing is left beside the whole but its facts", async () => {
    await using place = await openDiskPlace();
    const { id, put, etags } = await begun(place);
    for (const part of all) await put(part);
    await place.store.completeParts(KEY, id, await etags());
    await expectObject(place.store, KEY, FILE, TYPE.contentType);
    expect(filesIn(place.dir)).toHaveLength(2);
  });

  // what a kill leaves: the first part under its other name, with none, some, too much or all of the others behind it
  test.each([
    ["before the first byte", 0],
    ["in the middle of a part", 450_000],
    ["when all was written, but nothing shown", FILE.length - 300_000],
  ])("joining that was cut off %s is gone on with, and gives the right file", async (_when, written) => {
    await using place = await openDiskPlace();
    const { id, folder, put, etags } = await begun(place);
    for (const part of all) await put(part);
    const known = await etags();
    const joining = join(folder, `joining-300000-${known[0]}`);
    renameSync(join(folder, "00001"), joining);
    writeFileSync(joining, FILE.subarray(300_000, 300_000 + written), { flag: "a" });
    expect(await etags()).toEqual(known);
    await place.store.completeParts(KEY, id, known);
    await expectObject(place.store, KEY, FILE, TYPE.contentType);
  });

  test("a longer file that an earlier try had begun is cut to its length", async () => {
    await using place = await openDiskPlace();
    const { id, folder, put, etags } = await begun(place);
    for (const part of all) await put(part);
    const known = await etags();
    const joining = join(folder, `joining-300000-${known[0]}`);
    renameSync(join(folder, "00001"), joining);
    writeFileSync(joining, Buffer.alloc(2_000_000, 9), { flag: "a" });
    await place.store.completeParts(KEY, id, known);
    await expectObject(place.store, KEY, FILE, TYPE.contentType);
  });

  test("a first part that was sent again counts, not the one that others were added to", async () => {
    await using place = await openDiskPlace();
    const { id, folder, put, etags } = await begun(place);
    for (const part of all) await put(part);
    const old = Buffer.alloc(300_000, 77);
    writeFileSync(join(folder, `joining-300000-${sha256(old)}`), old);
    await place.store.completeParts(KEY, id, await etags());
    await expectObject(place.store, KEY, FILE, TYPE.contentType);
  });

  test("a process killed behind the last step, before it tidied up, has done it all the same", async () => {
    await using place = await openDiskPlace();
    const { id, folder, put, etags } = await begun(place);
    for (const part of all) await put(part);
    const known = await etags();
    const kept = join(place.dir, "kept");
    mkdirSync(kept);
    for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(kept, name));
    await place.store.completeParts(KEY, id, known);
    mkdirSync(folder, { recursive: true });
    for (const name of ["00002", "00003", "00004", "begun"])
      copyFileSync(join(kept, name), join(folder, name));
    rmSync(kept, { recursive: true });
    await place.store.completeParts(KEY, id, known);
    await expectObject(place.store, KEY, FILE, TYPE.contentType);
    expect(filesIn(place.dir)).toHaveLength(2);
  });

  test("two processes that join at once, and one that is killed, end with the same file", async () => {
    await using place = await openDiskPlace();
    const { id, put, etags } = await begun(place);
    for (const part of all) await put(part);
    const known = await etags();
    const script = `
      import { createDiskStore } from ${JSON.stringify(new URL("disk.ts", import.meta.url).href)};
      const store = createDiskStore({ dir: ${JSON.stringify(place.dir)}, secret: Buffer.from(${JSON.stringify(SECRET.toString("hex"))}, "hex"), basePath: "/artifacts" });
      process.stdout.write("ready");
      await store.completeParts(${JSON.stringify(KEY)}, ${JSON.stringify(id)}, ${JSON.stringify(known)});`;
    const start = () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      return { child, ready: once(child.stdout, "data"), ended: once(child, "exit") };
    };
    const [killed, other] = [start(), start()];
    await Promise.all([killed.ready, other.ready]);
    await sleep(3);
    killed.child.kill("SIGKILL");
    const [[code]] = await Promise.all([other.ended, killed.ended]);
    expect(code).toBe(0);
    await place.store.completeParts(KEY, id, known);
    await expectObject(place.store, KEY, FILE, TYPE.contentType);
  });

  test("a file that is dropped while its parts are joined is no upload any more, and no bug", async () => {
    await using place = await openDiskPlace();
    const { id, put, etags } = await begun(place);
    for (const part of all) await put(part);
    const known = await etags();
    for (let delay = 0; delay < 12; delay++) {
      const other = await begun(place);
      for (const part of all) await other.put(part);
      const joined = place.store.completeParts(KEY, other.id, known).catch((error) => error.code);
      await sleep(delay);
      await place.store.delete("uploads/u/");
      expect([undefined, "UPLOAD_FAILED"]).toContain(await joined);
    }
    await expect(place.store.completeParts(KEY, id, known)).rejects.toMatchObject({ code: "UPLOAD_FAILED" });
  });

  test("a part that is cut off halfway leaves the one that was there, and nothing else", async () => {
    await using place = await openDiskPlace();
    const { id, put, etags } = await begun(place);
    await put(2);
    const known = await etags();
    const link = await place.store.signPart(KEY, id, { part: 2, sizeBytes: 300_000, expiresSeconds: 60 });
    const { hostname, port, pathname, search } = new URL(link, place.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n`);
    socket.write(Buffer.alloc(100_000, 9));
    await expect.poll(() => readdirSync(join(place.dir, ".tmp")).length, { timeout: 10_000 }).toBe(1);
    socket.destroy();
    await expect.poll(() => readdirSync(join(place.dir, ".tmp")).length, { timeout: 10_000 }).toBe(0);
    expect(await etags()).toEqual(known);
    expect(place.bugs).toEqual([]);
  });
});
