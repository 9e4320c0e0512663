import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

// Runs inside of the image while it is built, where there is nothing but Node: no imports of ours but types.

/** A part of the image, in the words of CycloneDX 1.6. */
export interface Component {
  type: "library" | "application" | "machine-learning-model";
  name: string;
  version: string;
  /** Package URL, by which scanners look up what is known of it. */
  purl?: string;
  licenses?: [{ expression: string }];
  hashes?: [{ alg: "SHA-256" | "SHA-512"; content: string }];
}

/** What a list of parts is made of. */
export interface Parts {
  target: string;
  version: string;
  npm: readonly { name: string; version: string; license: string | null; integrity: string | null }[];
  /** Lines of `dpkg-query -W` with the fields package, version and architecture, tab between them. */
  dpkg: string;
  /** METADATA files of Python packages. */
  python: readonly string[];
  others: readonly Component[];
}

/** The image's software bill of materials: a CycloneDX 1.6 document without dates, so that equal images give equal text. */
export function sbomOf({ target, version, npm, dpkg, python, others }: Parts) {
  const components: Component[] = [
    ...npm.map(({ name, version, license, integrity }): Component => {
      const [, sha512] = /^sha512-(\S+)/.exec(integrity ?? "") ?? [];
      return {
        ...{ type: "library", name, version, purl: `pkg:npm/${name.replace("@", "%40")}@${version}` },
        ...(license && { licenses: [{ expression: license }] }),
        ...(sha512 && {
          hashes: [{ alg: "SHA-512", content: Buffer.from(sha512, "base64").toString("hex") }],
        }),
      };
    }),
    ...dpkg
      .split("\n")
      .filter(Boolean)
      .map((line): Component => {
        const [name = "", version = "", arch] = line.split("\t");
        const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}&distro=debian-12`;
        return { type: "library", name, version, purl };
      }),
    ...python.map((metadata): Component => {
      const field = (key: string) => new RegExp(`^${key}: (.+)$`, "m").exec(metadata)?.[1] ?? "";
      const name = field("Name").toLowerCase().replaceAll("_", "-");
      const version = field("Version");
      return { type: "library", name, version, purl: `pkg:pypi/${name}@${version}` };
    }),
    ...others,
  ];
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "container", name: `kangklip-worker-${target}`, version } },
    components: components.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)),
  };
}

const idOf = ({ purl, name }: Component) => purl ?? name;

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** What is in the image that this runs in. */
async function partsOfThisImage(env: NodeJS.ProcessEnv): Promise<Parts> {
  const { KK_TARGET: target = "", KK_VERSION: version = "", KK_WHISPER_COMMIT: whisper } = env;
  const home = dirname(import.meta.dirname);
  const models = await Promise.all(
    globSync("models/*", { cwd: home }).map(async (path): Promise<Component> => {
      const content = await sha256Of(join(home, path));
      const name = basename(path);
      return { type: "machine-learning-model", name, version: "1", hashes: [{ alg: "SHA-256", content }] };
    }),
  );
  const node = process.versions.node;
  return {
    ...{ target, version },
    npm: JSON.parse(readFileSync(join(home, "worker/bundle.json"), "utf8")).packages,
    dpkg: execFileSync(
      "dpkg-query",
      ["-W", "-f", "$" + "{Package}\t$" + "{Version}\t$" + "{Architecture}\n"],
      {
        encoding: "utf8",
      },
    ),
    python: globSync("/opt/yt-dlp/*.dist-info/METADATA").map((file) => readFileSync(file, "utf8")),
    others: [
      { type: "application", name: "node", version: node, purl: `pkg:generic/node@${node}` },
      ...models,
      ...(whisper ? cudaParts(whisper) : []),
    ],
  };
}

const cudaParts = (commit: string): Component[] => [
  {
    ...{ type: "application", name: "whisper.cpp", version: commit },
    purl: `pkg:github/ggml-org/whisper.cpp@${commit}`,
  },
  ...globSync("/usr/local/lib/lib{cudart,cublas,cublasLt}.so.*").map(
    (file): Component => ({ type: "library", name: basename(file), version: "12.8.1" }),
  ),
];

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  if (!file) throw new Error("usage: node sbom.ts FILE, inside of the image");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(sbomOf(await partsOfThisImage(process.env)), null, 1)}\n`);
}
