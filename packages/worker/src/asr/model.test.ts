import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, truncate, utimes, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Language } from "@kangklip/contract";
import { expect, test } from "vitest";
import { lockFile } from "./lock-file.ts";
import { findModel, modelFor, modelLanguages } from "./model.ts";
import { temporaryDir } from "./testing.ts";
import { tinyModel } from "./tiny-model.ts";
import { languageFor } from "./whisper.ts";

const BYTES = randomBytes(300_000);
const MODEL = {
  name: "ggml-test.bin",
  sizeBytes: BYTES.length,
  sha256: createHash("sha256").update(BYTES).digest("hex"),
  path: "models/ggml-test.bin",
};

/** A model hub; by default it answers ranges as real ones do. */
async function startHub(
  answer: (request: IncomingMessage, response: ServerResponse, from: number, nth: number) => void = (
    _request,
    response,
    from,
  ) => {
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": BYTES.length - from,
      ...(from > 0 ? { "content-range": `bytes ${from}-${BYTES.length - 1}/${BYTES.length}` } : {}),
    });
    response.end(BYTES.subarray(from));
  },
) {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, Number(/\d+/.exec(request.headers.range ?? "0")?.[0]), ranges.length);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The address of nobody. */
async function closedPort(): Promise<string> {
  await using hub = await startHub();
  return hub.url;
}

function find(
  modelsDir: string,
  hub: string,
  options: { signal?: AbortSignal; onWait?: (message: string) => void } = {},
) {
  return findModel({
    ...{ modelPath: undefined, modelsDir, modelDownload: true, hub, model: MODEL, log: () => {} },
    ...{ signal: new AbortController().signal, onWait: () => {}, ...options },
  });
}

test("a model is fetched once, with progress, and found again without the network", async () => {
  await using temporary = await temporaryDir();
  const messages: string[] = [];
  {
    await using hub = await startHub();
    const file = await find(temporary.dir, hub.url, { onWait: (message) => messages.push(message) });
    expect(await readFile(file)).toEqual(BYTES);
    expect(hub.ranges).toEqual([undefined]);
  }
  expect(messages.at(-1)).toMatch(/^Fetching the speech model, once: \d+ of \d+ MB$/);
  expect(await find(temporary.dir, await closedPort())).toBe(join(temporary.dir, MODEL.name));
  expect((await readdir(temporary.dir)).filter((name) => /part|failed/.test(name))).toEqual([]);
});

test("a card hears with the large model, a small card and a processor with the small one", async () => {
  const [base, turbo] = [modelFor("cpu"), modelFor("gpu")];
  expect(base.sizeBytes).toBeLessThan(100e6);
  expect(turbo.sizeBytes).toBeGreaterThan(500e6);
  expect([modelFor("gpu", 24_564), modelFor("gpu", null)]).toEqual([turbo, turbo]);
  expect(modelFor("gpu", 2000)).toEqual(base);
});

test("where nothing may be fetched, the small model that is there serves the card too", async () => {
  await using temporary = await temporaryDir();
  const base = modelFor("cpu");
  const [modelsDir, { signal }] = [temporary.dir, new AbortController()];
  const nothing = () => {};
  const options = { modelPath: undefined, modelsDir, modelDownload: false, log: nothing, onWait: nothing };
  const asked = () => findModel({ ...options, model: modelFor("gpu"), signal });
  await expect(asked()).rejects.toThrow(/switched off/);
  await writeFile(join(temporary.dir, base.name), "");
  await truncate(join(temporary.dir, base.name), base.sizeBytes);
  expect(await asked()).toBe(join(temporary.dir, base.name));
});

test("a broken fetch goes on where it ended, in this call and in a later one", async () => {
  await using temporary = await temporaryDir();
  await using hub = await startHub((_request, response, from, nth) => {
    if (from > 0)
      response.writeHead(206, { "content-range": `bytes ${from}-${BYTES.length - 1}/${BYTES.length}` });
    response.end(BYTES.subarray(from, nth < 3 ? from + 50_000 : BYTES.length));
  });
  await writeFile(join(temporary.dir, `${MODEL.name}.part`), BYTES.subarray(0, 1000));
  expect(await readFile(await find(temporary.dir, hub.url))).toEqual(BYTES);
  expect(hub.ranges).toEqual(["bytes=1000-", "bytes=51000-", "bytes=101000-"]);
});

test("a server without ranges is read from the beginning", async () => {
  await using temporary = await temporaryDir();
  await using hub = await startHub((_request, response) => response.end(BYTES));
  await writeFile(join(temporary.dir, `${MODEL.name}.part`), randomBytes(5000));
  expect(await readFile(await find(temporary.dir, hub.url))).toEqual(BYTES);
});

test("wrong bytes, too many of them and error pages are no model, and leave nothing behind", async () => {
  for (const answer of [
    (response: ServerResponse) => response.end(randomBytes(BYTES.length)),
    (response: ServerResponse) => response.end(Buffer.concat([BYTES, BYTES])),
    (response: ServerResponse) => response.writeHead(403).end("<html>no</html>"),
  ]) {
    await using temporary = await temporaryDir();
    await using hub = await startHub((_request, response) => void answer(response));
    await expect(find(temporary.dir, hub.url)).rejects.toMatchObject({
      code: "MODEL_MISSING",
      message: expect.stringMatching(/^The speech model could not be fetched: .+\. Set MODEL_PATH /),
    });
    expect(await readdir(temporary.dir)).not.toContain(MODEL.name);
  }
});

test("without a network the answer comes at once and is remembered for ten minutes", async () => {
  await using temporary = await temporaryDir();
  const nowhere = await closedPort();
  const begun = performance.now();
  await expect(find(temporary.dir, nowhere)).rejects.toThrow(/the connection was refused.*Set MODEL_PATH/);
  expect(performance.now() - begun).toBeLessThan(2000);
  await using hub = await startHub();
  await expect(find(temporary.dir, hub.url)).rejects.toThrow(
    /could not be fetched 1 min ago: the connection was refused/,
  );
  expect(hub.ranges).toEqual([]);
  const longAgo = new Date(Date.now() - 11 * 60_000);
  await utimes(join(temporary.dir, `${MODEL.name}.failed`), longAgo, longAgo);
  await find(temporary.dir, hub.url);
  expect(hub.ranges).toHaveLength(1);
});

test("three jobs that want the model at the same time fetch it once", async () => {
  await using temporary = await temporaryDir();
  await using hub = await startHub((_request, response) => void setTimeout(() => response.end(BYTES), 200));
  const files = await Promise.all([1, 2, 3].map(() => find(temporary.dir, hub.url)));
  expect(new Set(files).size).toBe(1);
  expect(hub.ranges).toHaveLength(1);
});

test("jobs that wait for a fetch that fails do not try again one by one", async () => {
  await using temporary = await temporaryDir();
  await using hub = await startHub(
    (_request, response) => void setTimeout(() => response.writeHead(404).end(), 200),
  );
  const tries = await Promise.allSettled([1, 2, 3].map(() => find(temporary.dir, hub.url)));
  expect(tries.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(hub.ranges).toHaveLength(1);
});

test("a lock goes with the process that held it", async () => {
  await using temporary = await temporaryDir();
  const file = join(temporary.dir, "lock");
  const source = `import { lockFile } from ${JSON.stringify(new URL("./lock-file.ts", import.meta.url).href)};
    globalThis.lock = lockFile(${JSON.stringify(file)}); console.log(!!lock); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    expect(`${(await once(holder.stdout, "data"))[0]}`.trim()).toBe("true");
    expect(lockFile(file)).toBeUndefined();
  } finally {
    holder.kill("SIGKILL");
    await once(holder, "close");
  }
  using lock = lockFile(file);
  expect(lock).toBeDefined();
  expect(lockFile(file)).toBeUndefined();
});

test("a cancelled fetch ends with the reason, keeps what came and is not held against the next", async () => {
  await using temporary = await temporaryDir();
  const abort = new AbortController();
  await using hub = await startHub((_request, response, from, nth) => {
    if (nth > 1)
      return void response.writeHead(206, { "content-range": `bytes ${from}-` }).end(BYTES.subarray(from));
    response.write(BYTES.subarray(0, 100_000), () =>
      setTimeout(() => abort.abort(new Error("cancelled")), 50),
    );
  });
  await expect(find(temporary.dir, hub.url, { signal: abort.signal })).rejects.toThrow("cancelled");
  await find(temporary.dir, hub.url);
  expect(hub.ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
});

test("a folder that cannot be written to and switched-off fetching name the way out", async () => {
  await using temporary = await temporaryDir();
  const file = join(temporary.dir, "file");
  await writeFile(file, "");
  await expect(find(join(file, "models"), "http://127.0.0.1:9")).rejects.toThrow(/Set MODEL_PATH/);
  await expect(
    findModel({
      ...{
        modelPath: undefined,
        modelsDir: temporary.dir,
        modelDownload: false,
        signal: new AbortController().signal,
      },
      ...{ onWait: () => {}, log: () => {} },
    }),
  ).rejects.toMatchObject({ code: "MODEL_MISSING", message: expect.stringContaining("Set MODEL_PATH") });
});

test("MODEL_PATH is used as it is, if it is a model at all", async () => {
  await using temporary = await temporaryDir();
  const model = tinyModel();
  const english = Buffer.from(model.subarray(0, 48));
  english.writeInt32LE(51_864, 4);
  for (const [name, bytes] of Object.entries({ model, english, page: "<html>", empty: "" }))
    await writeFile(join(temporary.dir, name), bytes);
  const languages = ["model", "english", "page", "empty", "absent"].map((name) =>
    modelLanguages(join(temporary.dir, name)),
  );
  expect(await Promise.all(languages)).toEqual(["all", "en", undefined, undefined, undefined]);
  const asked = (name: string, wanted: Language) => languageFor(join(temporary.dir, name), wanted);
  expect(await Promise.all([asked("model", "fr"), asked("model", "auto")])).toEqual(["fr", "auto"]);
  expect(await Promise.all([asked("english", "auto"), asked("english", "fr")])).toEqual(["en", undefined]);
  const options = {
    ...{
      modelsDir: temporary.dir,
      modelDownload: true,
      signal: new AbortController().signal,
      hub: "http://127.0.0.1:9",
    },
    ...{ onWait: () => {}, log: () => {} },
  };
  const path = join(temporary.dir, "model");
  expect(await findModel({ ...options, modelPath: path })).toBe(path);
  await expect(findModel({ ...options, modelPath: join(temporary.dir, "page") })).rejects.toMatchObject({
    code: "MODEL_MISSING",
  });
});
