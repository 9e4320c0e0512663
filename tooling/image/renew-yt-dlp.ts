import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const exec = promisify(execFile);

const LIST = fileURLToPath(new URL("../../packages/worker/yt-dlp.txt", import.meta.url));
const HEAD =
  '# yt-dlp with the packages of its extra "default", for Python 3.11 on x86-64 and arm64. Sites change weekly: docs/worker-image.md tells how to renew it.';
/** What Debian 12's Python can load: its glibc is 2.36. */
const GLIBC = [5, 12, 17, 24, 27, 28, 31, 34, 35];
const MACHINES = ["x86_64", "aarch64"];

/** A wheel's file name and the sha256 of its bytes. */
export interface Wheel {
  file: string;
  sha256: string;
}

/** The requirements that pip takes nothing but these wheels for. @throws Error where the machines would get different versions */
export function requirementsOf(wheels: readonly Wheel[]): string {
  const packages = new Map<string, { version: string; hashes: Set<string> }>();
  for (const { file, sha256 } of wheels) {
    const [project = "", version = ""] = file.split("-");
    const name = project.toLowerCase().replaceAll("_", "-");
    const known = packages.get(name) ?? { version, hashes: new Set() };
    if (known.version !== version)
      throw new Error(`${name} is ${version} on one machine, ${known.version} on another`);
    packages.set(name, { version, hashes: known.hashes.add(sha256) });
  }
  const lines = [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { version, hashes }]) =>
      [`${name}==${version}`, ...[...hashes].sort().map((hash) => `--hash=sha256:${hash}`)].join(" \\\n    "),
    );
  return `${[HEAD, ...lines].join("\n")}\n`;
}

/** Asks pip for the newest yt-dlp and all that it wants to have, for both machines. */
async function newestWheels(dir: string): Promise<Wheel[]> {
  for (const machine of MACHINES) {
    const platforms = [
      ...GLIBC.map((minor) => `manylinux_2_${minor}_${machine}`),
      `manylinux2014_${machine}`,
    ];
    const python = [
      "--implementation",
      "cp",
      "--python-version",
      "3.11",
      "--abi",
      "cp311",
      "--abi",
      "abi3",
      "--abi",
      "none",
    ];
    await exec("python3", [
      ...["-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", join(dir, machine)],
      ...[...python, ...platforms.flatMap((platform) => ["--platform", platform]), "yt-dlp[default]"],
    ]);
  }
  return globSync("*/*.whl", { cwd: dir }).map((path) => ({
    file: basename(path),
    sha256: createHash("sha256")
      .update(readFileSync(join(dir, path)))
      .digest("hex"),
  }));
}

if (import.meta.main) {
  const dir = mkdtempSync(join(tmpdir(), "kk-yt-dlp-"));
  try {
    const list = requirementsOf(await newestWheels(dir));
    writeFileSync(LIST, list);
    console.log(list.match(/^[\w.-]+==\S+/gm)?.join(" "));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
