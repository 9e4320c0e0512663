import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelFor } from "../../packages/worker/src/asr/model.ts";
import { bytes, startOrigin } from "../../packages/worker/src/fetch/testing-server.ts";
import { buildArgs, dockerAt, modelOf } from "./build.ts";
import { fetchModel, wantedModel } from "./fetch-model.ts";
import { MODELS } from "./models.ts";
import { requirementsOf } from "./renew-yt-dlp.ts";
import { sbomOf } from "./sbom.ts";

test("the command line names the target, its tag and the model with its hash, and asks for nothing by the name latest", () => {
  const args = buildArgs({
    ...{ target: "cuda", tag: "kangklip-worker:2.0.0-cuda", version: "2.0.0", revision: "abc" },
    ...{ model: MODELS.base, network: "host", bases: { DEBIAN: "debian:here", NODE: "node:here" } },
  });
  expect(args.join(" ")).toBe(
    `build --file packages/worker/Dockerfile --target cuda --tag kangklip-worker:2.0.0-cuda --network host \
--build-arg VERSION=2.0.0 --build-arg REVISION=abc --build-arg MODEL_FILE=ggml-base-q5_1.bin --build-arg MODEL_URL=${MODELS.base?.url} \
--build-arg MODEL_SHA256=${MODELS.base?.sha256} --build-arg DEBIAN=debian:here --build-arg NODE=node:here .`,
  );
});

test("a target brings the model that suits it, another one can be named, and none without a hash", () => {
  expect(modelOf({ target: "cpu" })?.file).toBe("ggml-base-q5_1.bin");
  expect(modelOf({ target: "cuda" })?.file).toBe("ggml-large-v3-turbo-q5_0.bin");
  expect(modelOf({ target: "cuda", name: "base" })).toBe(MODELS.base);
  expect(modelOf({ target: "cpu", name: "none" })).toBeUndefined();
  const own = { url: "https://models.example.com/mine.bin", sha256: "a".repeat(64) };
  expect(modelOf({ target: "cpu", ...own })).toEqual({ file: "mine.bin", ...own });
  expect(() => modelOf({ target: "cpu", url: own.url })).toThrow("go together");
  expect(() => modelOf({ target: "cpu", name: "huge" })).toThrow("base, large-v3-turbo, none");
});

test("the image's models are those that a worker would fetch by itself", () => {
  for (const [name, device] of [
    ["base", "cpu"],
    ["large-v3-turbo", "gpu"],
  ] as const) {
    const { name: file, sha256, path } = modelFor(device);
    expect(MODELS[name]).toEqual({ file, sha256, url: `https://huggingface.co/${path}` });
  }
});

test("without Docker one is told where to get it", async () => {
  const { PATH } = process.env;
  try {
    process.env.PATH = "/nowhere";
    await expect(dockerAt()(["version"])).rejects.toThrow("There is no docker on PATH");
  } finally {
    process.env.PATH = PATH;
  }
});

test("arguments of the model go together: all, or none", () => {
  const all = { MODEL_FILE: "a.bin", MODEL_URL: "https://example.com/a.bin", MODEL_SHA256: "0".repeat(64) };
  expect(wantedModel({})).toBeUndefined();
  expect(wantedModel({ MODEL_FILE: "", MODEL_URL: "", MODEL_SHA256: "" })).toBeUndefined();
  expect(wantedModel(all)?.file).toBe("a.bin");
  for (const name of Object.keys(all))
    expect(() => wantedModel({ ...all, [name]: "" })).toThrow("go together");
  for (const wrong of [{ MODEL_FILE: "../a.bin" }, { MODEL_URL: "file:///a" }, { MODEL_SHA256: "0" }])
    expect(() => wantedModel({ ...all, ...wrong })).toThrow("go together");
});

test("a model is taken only with the hash that was asked for, and nothing is left of another one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kk-model-"));
  const body = Buffer.from("weights".repeat(100_000));
  await using origin = await startOrigin({ "/m.bin": bytes(body, { type: "application/octet-stream" }) });
  const sha256 = createHash("sha256").update(body).digest("hex");
  const model = { file: "m.bin", url: `${origin.origin}/m.bin`, sha256 };
  try {
    await expect(fetchModel({ ...model, sha256: "0".repeat(64) }, folder)).rejects.toThrow(sha256);
    await expect(fetchModel({ ...model, url: `${origin.origin}/none` }, folder)).rejects.toThrow("404");
    expect(readdirSync(folder)).toEqual([]);
    await fetchModel(model, folder);
    expect(readdirSync(folder)).toEqual(["m.bin"]);
    expect(readFileSync(join(folder, "m.bin")).equals(body)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the list of parts names each with the address by which scanners know it", () => {
  const integrity = `sha512-${Buffer.from("ab".repeat(64), "hex").toString("base64")}`;
  const { components, ...rest } = sbomOf({
    ...{ target: "cpu", version: "2.0.0" },
    npm: [{ name: "@scope/one", version: "1.2.3", license: "MIT", integrity }],
    dpkg: "ffmpeg\t7:5.1.9-0+deb12u1\tamd64\n",
    python: ["Metadata-Version: 2.4\nName: yt_dlp\nVersion: 2026.10.26\nSummary: x\n"],
    others: [{ type: "application", name: "node", version: "24.21.0", purl: "pkg:generic/node@24.21.0" }],
  });
  expect(rest).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6" });
  expect(rest.metadata.component).toEqual({
    type: "container",
    name: "kangklip-worker-cpu",
    version: "2.0.0",
  });
  expect(components.map(({ purl }) => purl)).toEqual([
    "pkg:deb/debian/ffmpeg@7%3A5.1.9-0%2Bdeb12u1?arch=amd64&distro=debian-12",
    "pkg:generic/node@24.21.0",
    "pkg:npm/%40scope/one@1.2.3",
    "pkg:pypi/yt-dlp@2026.10.26",
  ]);
  expect(components[2]).toMatchObject({
    licenses: [{ expression: "MIT" }],
    hashes: [{ alg: "SHA-512", content: "ab".repeat(64) }],
  });
});

test("yt-dlp's list has a hash for each machine, and one version for all", () => {
  const wheels = [
    { file: "yt_dlp-2026.10.26-py3-none-any.whl", sha256: "aa" },
    { file: "yt_dlp-2026.10.26-py3-none-any.whl", sha256: "aa" },
    { file: "Brotli-1.2.1-cp311-cp311-manylinux_2_17_x86_64.whl", sha256: "cc" },
    { file: "brotli-1.2.1-cp311-cp311-manylinux_2_17_aarch64.whl", sha256: "bb" },
  ];
  expect(requirementsOf(wheels).split("\n").slice(1)).toEqual([
    ...["brotli==1.2.1 \\", "    --hash=sha256:bb \\", "    --hash=sha256:cc"],
    ...["yt-dlp==2026.10.26 \\", "    --hash=sha256:aa", ""],
  ]);
  const older = { file: "brotli-1.2.0-cp311-cp311-manylinux_2_17_aarch64.whl", sha256: "bb" };
  expect(() => requirementsOf([...wheels, older])).toThrow("1.2.0");
});
