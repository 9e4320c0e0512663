// makes `npm run demo`, `npm test` and `npm start` work on a fresh clone: install once, then get out of the way
// (plain JavaScript with Node built-ins only: it runs on whatever Node the machine has, from 18 on)

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";
const at = (path) => join(root, path);
const changed = (path) => (existsSync(at(path)) ? statSync(at(path)).mtimeMs : 0);
const nodeIn = (folder) => join(folder, "node_modules", "node", "bin", windows ? "node.exe" : "node");

const installed = changed("node_modules/.package-lock.json"); // npm writes it last
const isStale = changed("package-lock.json") > installed + 1000;
if (!installed || isStale || !existsSync(nodeIn(root)) || lacksBinaries()) {
  console.error("Installing KangKlip's packages, once; this takes about a minute");
  if (!install()) {
    console.error("The packages could not be installed; see above. `npm install` tries again");
    process.exit(1);
  }
}

/**
 * npm passes over an optional package whose "engines" do not fit the Node that npm itself runs on: under Node 18 the binaries of
 * the bundler and the test runner stay away, although ours runs on Node 24.
 */
function lacksBinaries() {
  const { packages } = JSON.parse(readFileSync(at("package-lock.json"), "utf8"));
  const libc = existsSync("/etc/alpine-release") ? "musl" : "glibc";
  return Object.entries(packages).some(
    ([path, { os, cpu, libc: libcs = [libc], optional, integrity }]) =>
      optional &&
      integrity && // entries of tooling/complete-lock.ts have none: they may not exist anywhere
      os?.includes(process.platform) &&
      cpu?.includes(process.arch) &&
      libcs.includes(libc) &&
      !existsSync(at(path)),
  );
}

/** Leaves the lock file as it is, whichever npm this is; where the lock does not fit package.json, `install` finds a way. */
function install() {
  const scratch = mkdtempSync(join(tmpdir(), "kangklip-node-"));
  try {
    const node = suitableNode(scratch);
    return (!installed && npm(node, root, "ci")) || npm(node, root, "install");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A Node for npm to run on: our own, else the one that runs this if it is young enough, else our own fetched before the rest. */
function suitableNode(scratch) {
  if (existsSync(nodeIn(root))) return nodeIn(root);
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 12)) return process.execPath;
  const { devDependencies } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  npm(process.execPath, scratch, "install", "--prefix", scratch, `node@${devDependencies.node}`);
  return existsSync(nodeIn(scratch)) ? nodeIn(scratch) : process.execPath;
}

function npm(node, cwd, ...args) {
  const program = process.env.npm_execpath?.endsWith("npm-cli.js")
    ? [node, process.env.npm_execpath]
    : ["npm"];
  const [command, ...rest] = [
    ...program,
    ...args,
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const { status } = spawnSync(command, rest, {
    cwd,
    stdio: ["ignore", 2, 2], // stdout belongs to the command that comes after
    shell: windows && command === "npm",
    env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
  });
  return status === 0;
}
