import { execFileSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";

/** Full paths: a rustup toolchain in PATH has another LLVM, and no source of core that fits. */
const PATHS = {
  rustc: "/usr/bin/rustc",
  cargo: "/usr/bin/cargo",
  llc: "/usr/bin/llc-22",
  ar: "/usr/bin/llvm-ar-22",
};
const PACKAGES = {
  rustc: "rustc-web",
  cargo: "cargo-web",
  llc: "llvm-22",
  ar: "llvm-22",
  library: "rust-web-src",
};
/** What pinocchio asks for. */
const OLDEST_RUST = [1, 89];

export interface Tools {
  rustc: string;
  cargo: string;
  llc: string;
  ar: string;
  /** Folder with the sources of core, of the same version as the compiler. */
  library: string;
  /** What tells one set of compilers from another: "rustc-web 1.96.0+dfsg1-1~deb12u2, llvm-22 1:22.1.8-1~deb12u1". */
  version: string;
}

/** Finds Debian's compilers. @throws Error that names the packages to install where one is missing or too old */
export function findTools(root = "/"): Tools {
  const at = (path: string) => `${root}${path.slice(1)}`;
  const missing = Object.entries(PATHS).flatMap(([tool, path]) => (existsSync(at(path)) ? [] : [tool]));
  const rust = missing.includes("rustc") ? undefined : rustVersion(at(PATHS.rustc));
  const library = rust && at(`/usr/src/rustc-${rust}/library`);
  if (!library || !existsSync(`${library}/core/src/lib.rs`)) missing.push("library");
  if (rust && isOlder(rust)) missing.push("rustc");
  if (!library || missing.length > 0) throw new Error(adviceFor(missing, root));
  return {
    ...{ rustc: at(PATHS.rustc), cargo: at(PATHS.cargo), llc: at(PATHS.llc), ar: at(PATHS.ar), library },
    version: ["rustc-web", "llvm-22"].map((name) => `${name} ${installedVersion(name)}`).join(", "),
  };
}

function rustVersion(rustc: string): string {
  return (
    /^rustc (\d+\.\d+\.\d+)/.exec(execFileSync(rustc, ["--version"], { encoding: "utf8" }))?.[1] ?? "0.0.0"
  );
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_RUST;
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

function installedVersion(name: string): string {
  try {
    const output = execFileSync("dpkg-query", ["--show", name], { encoding: "utf8" });
    return output.trim().split("\t")[1] ?? "";
  } catch {
    return "of an unknown version"; // built on a system without dpkg: the result can not be compared, and is still tested
  }
}

function adviceFor(missing: string[], root: string): string {
  const names = [...new Set(missing.map((tool) => PACKAGES[tool as keyof typeof PACKAGES]))];
  const sources = globSync("usr/src/rustc-*/library", { cwd: root }).join(", ") || "none";
  return (
    `The compilers of the on-chain program are not all here (${names.join(", ")}; sources of Rust's core: ${sources}). ` +
    `On Debian 12, as root: apt-get update && apt-get install -y --no-install-recommends ${[...new Set(Object.values(PACKAGES))].join(" ")}`
  );
}
