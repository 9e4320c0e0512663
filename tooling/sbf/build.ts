import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Linked, link } from "./link.ts";
import { findTools, type Tools } from "./tools.ts";

const run = promisify(execFile);

/** Upstream's target for BPF, but for `"os": "solana"`, which the crates of Solana ask for. */
const TARGET = fileURLToPath(new URL("sbpf-solana.json", import.meta.url));
const TARGET_NAME = basename(TARGET, ".json");
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/kangklip-sbf", import.meta.url));
const PANICS = ["-Zunstable-options", "-Cpanic=immediate-abort"];
/** An archive's member and LLVM's bitcode are small; compilers' messages may be long. */
const MAX_OUTPUT_BYTES = 64 * 1024 ** 2;
/**
 * v2 of upstream's instruction set: sBPF v0 has no 32-bit jumps, and its 32-bit arithmetic extends signs in another way than v3.
 * A stack frame of the machine is 4 KiB.
 */
const LLC_ARGS = [
  ...["-march=bpfel", "-mcpu=v2", "-mattr=+allows-misaligned-mem-access", "-bpf-stack-size=4096"],
  ...["-O2", "-filetype=obj"],
];

export interface Built {
  v0: Linked;
  v3: Linked;
  /** Which compilers made it, as in SHA256SUMS. */
  version: string;
  /** Seconds that it took, and of them those for Rust's core, which is kept. */
  seconds: number;
  coreSeconds: number;
}

/**
 * Compiles a crate to sBPF with Debian's compilers and the linker beside this file. The same compilers give the same bytes.
 * `crate` is the folder with Cargo.toml; cargo brings the crates that it names, once.
 * @throws Error with the packages to install where a compiler is missing, and with the compiler's words where it fails
 */
export async function buildProgram(
  crate: string,
  { tools = findTools(), cache = CACHE }: { tools?: Tools; cache?: string } = {},
): Promise<Built> {
  const started = performance.now();
  const sysroot = await coreFor(tools, cache);
  const coreSeconds = secondsSince(started);
  await using folder = await temporaryFolder(cache);
  const archive = await compile(crate, { tools, sysroot, targetDir: `${sysroot}-target` });
  const [bitcode, object] = [join(folder.path, "program.bc"), join(folder.path, "program.o")];
  await writeFile(bitcode, await programIn(archive, tools));
  await command(tools.llc, [...LLC_ARGS, bitcode, "-o", object]);
  const bytes = await readFile(object);
  return {
    ...{ v0: link(bytes, { version: 0 }), v3: link(bytes, { version: 3 }) },
    ...{ version: tools.version, coreSeconds, seconds: secondsSince(started) },
  };
}

/** Runs the crate's unit tests on this machine. @returns how many passed; @throws Error with cargo's words where one fails */
export async function testCrate(crate: string, { tools = findTools(), cache = CACHE } = {}): Promise<number> {
  const output = await command(
    tools.cargo,
    [
      "test",
      "--locked",
      "--lib",
      "--manifest-path",
      join(crate, "Cargo.toml"),
      "--target-dir",
      join(cache, "host"),
    ],
    { RUSTC: tools.rustc },
  );
  const passed = [...output.matchAll(/^test result: ok\. (\d+) passed; 0 failed/gm)];
  return passed.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Rust's core for the target, compiled once per compiler: about 20 s and 40 MB. @returns the sysroot */
async function coreFor(tools: Tools, cache: string): Promise<string> {
  const key = createHash("sha256")
    .update(JSON.stringify([tools.version, tools.library, PANICS, await readFile(TARGET, "utf8")]))
    .digest("hex")
    .slice(0, 16);
  const sysroot = join(cache, `core-${key}`);
  const isThere = await readFile(join(sysroot, "complete")).then(
    () => true,
    () => false,
  );
  if (isThere) return sysroot;

  await using folder = await temporaryFolder(cache);
  const libraries = join(folder.path, "lib", "rustlib", TARGET_NAME, "lib");
  await mkdir(libraries, { recursive: true });
  const args = (name: string, edition: string) => [
    ...["--crate-name", name, "--edition", edition, "--crate-type", "rlib", "--target", TARGET, ...PANICS],
    ...["-Copt-level=3", "-Ccodegen-units=1", "-Cembed-bitcode=yes", "-Zforce-unstable-if-unmarked"],
    ...["--cap-lints", "allow", "--out-dir", libraries],
  ];
  await rustc(tools, [...args("core", "2024"), join(tools.library, "core/src/lib.rs")]);
  // A stand-in: memcpy and its like come from the program, over syscalls, and nothing else of it is needed.
  const builtins = join(folder.path, "compiler_builtins.rs");
  await writeFile(builtins, "#![feature(compiler_builtins)]\n#![compiler_builtins]\n#![no_std]\n");
  await rustc(tools, [...args("compiler_builtins", "2021"), "--sysroot", folder.path, builtins]);
  await writeFile(join(folder.path, "complete"), "");
  // Two builds at once make the same thing: the later one may replace nothing, and uses what is there.
  await rename(folder.path, sysroot).catch(async (error: unknown) => {
    await readFile(join(sysroot, "complete")).catch(() => Promise.reject(error));
  });
  return sysroot;
}

const rustc = (tools: Tools, args: string[]) => command(tools.rustc, args, { RUSTC_BOOTSTRAP: "1" });

/** The static library of the crate with all that it depends on, merged into one module. */
async function compile(
  crate: string,
  { tools, sysroot, targetDir }: { tools: Tools; sysroot: string; targetDir: string },
): Promise<string> {
  const name = /^name = "([\w-]+)"/m.exec(await readFile(join(crate, "Cargo.toml"), "utf8"))?.[1] ?? "";
  const args = ["rustc", "-Zjson-target-spec", "--release", "--lib", "--locked", "--target", TARGET];
  args.push(
    "--crate-type",
    "staticlib",
    "--manifest-path",
    join(crate, "Cargo.toml"),
    "--target-dir",
    targetDir,
  );
  await command(tools.cargo, args, {
    RUSTC_BOOTSTRAP: "1",
    RUSTC: tools.rustc,
    // With --target these reach the crates of the target alone, and no build script or macro.
    RUSTFLAGS: `--sysroot ${sysroot} ${PANICS.join(" ")}`,
  });
  return join(targetDir, TARGET_NAME, "release", `lib${name.replaceAll("-", "_")}.a`);
}

/**
 * The merged module lies in the archive. `--emit=obj` is no way to it: it leaves the dependencies out of the merge, and their
 * functions would be undefined.
 */
async function programIn(archive: string, { ar }: Tools): Promise<Buffer> {
  const members = (await command(ar, ["t", archive])).trim().split("\n");
  const member = members.find((each) => !each.startsWith("compiler_builtins"));
  if (!member) throw new Error(`${archive} holds no program`);
  const { stdout } = await run(ar, ["p", archive, member], {
    encoding: "buffer",
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return stdout;
}

async function command(file: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const options = { maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, ...env } };
  try {
    return (await run(file, args, options)).stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    const words = `${stdout}\n${stderr}`.trim().split("\n").slice(-60).join("\n");
    throw new Error(`${basename(file)} failed:\n${words}`); // its cause would say the same again, three times
  }
}

async function temporaryFolder(parent: string) {
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, "making-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const secondsSince = (started: number) => (performance.now() - started) / 1000;
