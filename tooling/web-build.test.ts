import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureWebBuild } from "./web-build.ts";

/** Stands for `next build`: says so, takes a moment, and makes the folder that it makes. */
const BUILD = `
  const { appendFileSync, mkdirSync } = require("node:fs");
  mkdirSync("packages/web/.next", { recursive: true });
  setTimeout(() => appendFileSync("packages/web/.next/builds", "x"), 200);`;

let root: string;
let said: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "kangklip-web-build-"));
  said = [];
  await mkdir(join(root, "packages/web/app"), { recursive: true });
  await writeFile(join(root, "packages/web/app/page.tsx"), "one");
});
afterEach(() => rm(root, { recursive: true }));

const ensure = (script = BUILD, signal = new AbortController().signal) =>
  ensureWebBuild({
    log: (line) => said.push(line),
    signal,
    root,
    command: [process.execPath, "-e", script],
  });
const builds = () => readFile(join(root, "packages/web/.next/builds"), "utf8").then((text) => text.length);

test("the page is built once, and again when a source has changed", async () => {
  await ensure();
  await ensure();
  expect(await builds()).toBe(1);
  expect(said).toHaveLength(1);
  await writeFile(join(root, "packages/web/app/page.test.tsx"), "tests are no sources");
  await ensure();
  expect(await builds()).toBe(1);
  await writeFile(join(root, "packages/web/app/page.tsx"), "two");
  await ensure();
  expect(await builds()).toBe(2);
});

test("two starts at once build once", async () => {
  await Promise.all([ensure(), ensure()]);
  expect(await builds()).toBe(1);
});

test("a lock left by a process that is gone is taken over", async () => {
  await mkdir(join(root, "node_modules/.cache"), { recursive: true });
  await writeFile(join(root, "node_modules/.cache/kangklip-web-build"), "4194305"); // above Linux's highest pid
  await ensure();
  expect(await builds()).toBe(1);
});

test("a build that fails says why, and is tried again", async () => {
  await expect(ensure('console.log("no such module"); process.exit(1)')).rejects.toThrow(
    /could not be built:\nno such module/,
  );
  await ensure();
  expect(await builds()).toBe(1);
});

test("a build that was stopped does not count", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("stopped")), 300);
  await expect(ensure("setTimeout(() => {}, 60_000)", stop.signal)).rejects.toThrow("stopped");
  await ensure();
  expect(await builds()).toBe(1);
});
