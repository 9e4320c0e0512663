// makes `npm run demo`, `npm test` and `npm start` work on a fresh clone: install once, then get out of the way
// (plain JavaScript with Node built-ins only: it runs on whatever Node the machine has)

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";

const root = new URL("..", import.meta.url);
const changed = (file) => statSync(new URL(file, root)).mtimeMs;
const stamp = new URL("node_modules/.package-lock.json", root);
const node = new URL("node_modules/.bin/node", root);

if (
  !existsSync(stamp) ||
  !existsSync(node) ||
  changed("package-lock.json") > statSync(stamp).mtimeMs + 1000
) {
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", 2, 2], // stdout belongs to the command that comes after
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}
