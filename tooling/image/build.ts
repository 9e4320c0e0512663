import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type WantedModel, wantedModel } from "./fetch-model.ts";
import { MODEL_FOR, MODELS, TARGETS, type Target } from "./models.ts";
import { type LocalBases, makeLocalBases } from "./rootfs.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DOCKERFILE = "packages/worker/Dockerfile";

/** Where the image keeps the list of what it is made of. */
const SBOM = "/usr/share/kangklip/sbom.json";

export interface ImageOptions {
  target: Target;
  tag: string;
  version: string;
  /** The commit that it is built from. */
  revision: string;
  /** Goes into a layer of its own; undefined: the worker fetches one when it needs it. */
  model?: WantedModel | undefined;
  /** Bases of this machine in place of the Dockerfile's own. */
  bases?: LocalBases | undefined;
  /** Docker's `--network` while building: "host" where there is no bridge. */
  network?: string | undefined;
}

/** The command line of Docker that builds the worker's image. */
export function buildArgs({ target, tag, version, revision, model, bases, network }: ImageOptions): string[] {
  const values = {
    ...{ VERSION: version, REVISION: revision },
    ...(model && { MODEL_FILE: model.file, MODEL_URL: model.url, MODEL_SHA256: model.sha256 }),
    ...bases,
  };
  return [
    ...["build", "--file", DOCKERFILE, "--target", target, "--tag", tag],
    ...(network ? ["--network", network] : []),
    ...Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ".",
  ];
}

/** Runs Docker's command line. @returns what it wrote to its output, unless that is this program's own */
export type Docker = (args: string[], output?: "kept" | "shown") => Promise<string>;

/**
 * Docker's command line in the repository's root, for an engine ("unix:///…"), or for the one that it finds by itself.
 * What it runs throws an Error with what a person can do where there is no Docker, and with its last words where it fails.
 */
export const dockerAt =
  (host?: string): Docker =>
  async (args, output = "kept") => {
    const child = spawn("docker", args, {
      cwd: ROOT,
      stdio: ["ignore", output === "shown" ? "inherit" : "pipe", output === "shown" ? "inherit" : "pipe"],
      env: { ...process.env, ...(host && { DOCKER_HOST: host }) },
    });
    const said = Promise.all([child.stdout, child.stderr].map((pipe) => (pipe ? text(pipe) : "")));
    const [code] = await once(child, "close").catch((cause) => {
      throw new Error("There is no docker on PATH: https://docs.docker.com/engine/install/", { cause });
    });
    const [stdout = "", stderr = ""] = await said;
    if (code === 0) return stdout;
    const words = `${stdout.slice(-2000)}\n${stderr.slice(-2000)}`.trim();
    throw new Error([`docker ${args[0]} ended with ${code}`, words].filter(Boolean).join(":\n"));
  };

/** The list of what an image is made of, CycloneDX as JSON text. */
export const sbomOfImage = (docker: Docker, tag: string): Promise<string> =>
  docker(["run", "--rm", "--network", "none", "--entrypoint", "cat", tag, SBOM]);

/** Which model the options name. @throws Error naming the models that are known */
export function modelOf(options: { target: Target; name?: string; url?: string; sha256?: string }) {
  const { target, name = MODEL_FOR[target], url, sha256 } = options;
  if (url || sha256)
    return wantedModel({ MODEL_FILE: url?.split("/").at(-1), MODEL_URL: url, MODEL_SHA256: sha256 });
  if (name === "none") return undefined;
  const model = MODELS[name];
  if (!model) throw new Error(`--model is one of ${[...Object.keys(MODELS), "none"].join(", ")}`);
  return model;
}

const USAGE = `npm run image -- [--target cpu|cuda] [--model ${Object.keys(MODELS).join("|")}|none] [--model-url URL --model-sha256 HEX]
                 [--tag NAME] [--network host] [--local-bases] [--sbom FILE]`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: "string", default: "cpu" },
      model: { type: "string" },
      "model-url": { type: "string" },
      "model-sha256": { type: "string" },
      tag: { type: "string" },
      network: { type: "string" },
      "local-bases": { type: "boolean", default: false },
      sbom: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const docker = dockerAt();
  const target = TARGETS.find((one) => one === values.target);
  if (!target) throw new Error(`--target is one of ${TARGETS.join(", ")}`);
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const tag = values.tag ?? `kangklip-worker:${version}-${target}`;
  const sbom = resolve(values.sbom ?? join(ROOT, ".kangklip", "image", `sbom-${target}.json`));
  const model = modelOf({
    target,
    ...(values.model !== undefined && { name: values.model }),
    ...(values["model-url"] !== undefined && { url: values["model-url"] }),
    ...(values["model-sha256"] !== undefined && { sha256: values["model-sha256"] }),
  });
  const bases = values["local-bases"] ? await makeLocalBases(docker, "local") : undefined;
  const begun = performance.now();
  const { network } = values;
  const args = buildArgs({ target, tag, version, revision: await revision(), model, bases, network });
  await docker(args, "shown");
  mkdirSync(dirname(sbom), { recursive: true });
  writeFileSync(sbom, await sbomOfImage(docker, tag));
  const bytes = Number(await docker(["image", "inspect", "--format", "{{.Size}}", tag]));
  console.log(`
${tag}: ${(bytes / 1e9).toFixed(2)} GB, built in ${Math.round((performance.now() - begun) / 1000)} s
speech model: ${model?.file ?? "none: each worker fetches its own"}
made of: ${relative(process.cwd(), sbom)}

Put this into .env:
COMPUTE=docker
WORKER_IMAGE=${tag}`);
}

/** The commit that is checked out; "unknown" where there is no history. */
async function revision(): Promise<string> {
  const child = spawn("git", ["rev-parse", "HEAD"], { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  const said = text(child.stdout);
  const [code] = await once(child, "close").catch(() => [1]);
  return code === 0 ? (await said).trim() : "unknown";
}

if (import.meta.main)
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
