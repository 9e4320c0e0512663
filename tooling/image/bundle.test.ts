import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { tinyModel } from "../../packages/worker/src/asr/tiny-model.ts";
import { type Bundle, CARRIED, makeBundle } from "./bundle.ts";

vi.setConfig({ testTimeout: 60_000 }); // native code on a machine that may be busy

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "kk-bundle-"));
let bundle: Bundle;

beforeAll(async () => {
  bundle = await makeBundle(join(folder, "worker"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a program of the bundle with an IPC channel, away from the repository's own node_modules. */
function start(program: string, ...args: string[]) {
  return spawn(process.execPath, [join(folder, "worker", program), ...args], {
    stdio: ["pipe", "ignore", "pipe", "ipc"],
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_ENV: "production" },
  });
}

test("the worker's bundle has nothing of the service, of Docker or of the page", () => {
  const foreign =
    /node_modules\/(dockerode|docker-modem|@grpc|protobufjs|ssh2|ioredis|@aws-sdk|express|@trpc|ai|next|react|vitest|nock|esbuild)\/|packages\/(providers|api|web|cli)\/|^tooling\//;
  expect(bundle.inputs.filter((path) => foreign.test(path))).toEqual([]);
  expect(bundle.inputs).toContain("packages/worker/src/main.ts");
  expect(bundle.inputs.filter((path) => /\.test\.ts$|\/testing[\w-]*\.ts$/.test(path))).toEqual([]);
});

test("it is small, and holds this platform's recogniser alone", () => {
  expect(bundle.bytes).toBeLessThan(40e6);
  expect(globSync("**/index.node", { cwd: join(folder, "worker") })).toHaveLength(1);
});

test("what its sources load by name when they run is carried along", () => {
  const sources = globSync("packages/{worker,contract}/src/**/*.ts", { cwd: ROOT }).filter(
    (path) => !/\.test\.ts$|\/testing[\w-]*\.ts$/.test(path),
  );
  const asked = sources.flatMap((path) =>
    [
      ...readFileSync(join(ROOT, path), "utf8").matchAll(
        /(?:\brequire|\bresolve)\(\s*[`"]((?:@[\w-]+\/)?[\w.-]+)/g,
      ),
    ].map(([, name = ""]) => name),
  );
  expect(asked.length).toBeGreaterThan(5);
  const carried = Object.keys(CARRIED);
  expect(asked.filter((name) => !carried.some((one) => one.startsWith(name)))).toEqual([]);
  const urls = sources.flatMap(
    (path) => readFileSync(join(ROOT, path), "utf8").match(/new URL\([^)]*import\.meta/g) ?? [],
  );
  expect(urls.filter((one) => !/new URL\("\.{1,2}\/[^"]+\.ts", import\.meta/.test(one))).toEqual([]);
});

test("every package of it comes from the lock file, with its hash", () => {
  expect(bundle.packages.length).toBeGreaterThan(10);
  expect(bundle.packages.filter(({ integrity, license }) => !integrity || !license)).toEqual([]);
  const written = JSON.parse(readFileSync(join(folder, "worker/bundle.json"), "utf8"));
  expect(written.packages).toEqual(bundle.packages);
});

test("the worker starts from it and says what its environment lacks", async () => {
  const child = start("main.mjs");
  const [said, [code]] = await Promise.all([text(child.stderr as Readable), once(child, "close")]);
  expect(said).toContain("KK_CLAIM_TOKEN");
  expect(code).toBe(64);
});

test("its face detector loads the weights that are carried along, and looks at a picture", async () => {
  expect(bundle.programs).toContain("faces-child.mjs");
  const child = start("faces-child.mjs", join(folder, "worker/node_modules/@vladmandic/human/models"));
  const [width, height] = [64, 36];
  const head = Buffer.alloc(8);
  head.writeUInt32LE(width, 0);
  head.writeUInt32LE(height, 4);
  child.stdin?.write(Buffer.concat([head, Buffer.alloc((width * height * 3) / 2, 128)]));
  const [reply] = await once(child, "message");
  child.kill("SIGKILL");
  expect(reply).toEqual({ faces: [] });
});

test("its recogniser loads a model and listens", async () => {
  expect(bundle.programs).toContain("whisper-child.mjs");
  const [model, pcmFile] = [join(folder, "tiny.bin"), join(folder, "sound.pcm")];
  writeFileSync(model, tinyModel());
  writeFileSync(pcmFile, Buffer.alloc(2 * 16_000 * 2));
  const child = start("whisper-child.mjs");
  const messages: { type: string }[] = [];
  child.on("message", (message: { type: string }) => messages.push(message));
  child.send({ model, pcmFile, language: "en", threads: 1 });
  child.send({ part: [{ start: 0, end: 2 }] });
  child.send({ end: true });
  await once(child, "close");
  expect(messages.at(-1)).toEqual({ type: "done", language: "en" });
});
