// Completes package-lock.json for machines of every kind: `node_modules/.bin/node tooling/complete-lock.ts`, after each change of it.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What we read of one entry of a lock file (version 3). */
export interface LockEntry {
  version?: string;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
}
export interface Lock {
  packages: Record<string, LockEntry>;
}

const OS: Record<string, string> = {
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  netbsd: "netbsd",
  openbsd: "openbsd",
  openharmony: "openharmony",
  linux: "linux",
  sunos: "sunos",
  aix: "aix",
  win32: "win32",
  windows: "win32",
};
const CPUS = ["arm64", "x64", "ia32", "arm", "riscv64", "ppc64", "s390x", "loong64", "mips64el"];

/**
 * The optional dependencies that are wanted and not in the lock. npm leaves out those that it could not fetch where the lock was
 * made; `npm ci` then refuses the lock ("Missing: … from lock file"), or machines of that kind go without their program.
 */
export function missingFrom({ packages }: Lock): { name: string; version: string; wantedBy: string }[] {
  const isLocked = (from: string, name: string): boolean => {
    if (packages[`${from ? `${from}/` : ""}node_modules/${name}`]) return true;
    const nested = from.lastIndexOf("/node_modules/");
    return from !== "" && isLocked(nested < 0 ? "" : from.slice(0, nested), name);
  };
  return Object.entries(packages).flatMap(([wantedBy, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isLocked(wantedBy, name))
      .map(([name, version]) => ({ name, version, wantedBy })),
  );
}

/**
 * The lock with an entry for each missing one: npm passes over entries whose os and cpu do not fit, and asks the registry for those
 * that do. @throws Error where a version is a range, which no entry can stand for
 */
export function completed(lock: Lock): Lock {
  const added = missingFrom(lock).map(({ name, version, wantedBy }): [string, LockEntry] => {
    if (!/^\d+\.\d+\.\d+/.test(version))
      throw new Error(`${name}@${version}, wanted by ${wantedBy}, is missing from the lock: npm install it`);
    return [`node_modules/${name}`, stub(name, version)];
  });
  const packages = { ...lock.packages, ...Object.fromEntries(added) };
  const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

function stub(name: string, version: string): LockEntry {
  const words = name.split(/[-/]/);
  const os = Object.keys(OS).find((word) => words.includes(word));
  const cpu = CPUS.find((word) => words.includes(word));
  const isForMusl = os === "linux" && cpu === "x64"; // the one for glibc was there, or nothing would run where the lock was made
  return {
    version,
    cpu: [cpu ?? "unknown"],
    ...(isForMusl && { libc: ["musl"] }),
    optional: true,
    os: [OS[os ?? ""] ?? "unknown"],
  };
}

if (import.meta.main) {
  const file = fileURLToPath(new URL("../package-lock.json", import.meta.url));
  const lock: Lock = JSON.parse(readFileSync(file, "utf8"));
  const missing = missingFrom(lock);
  if (missing.length > 0) writeFileSync(file, `${JSON.stringify(completed(lock), null, 2)}\n`);
  console.log(`${missing.length} entries added to package-lock.json`);
}
