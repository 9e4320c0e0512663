// makes `npm run demo`, `npm test` and `npm start` work on a fresh clone: install once, then get out of the way
// (plain JavaScript with Node built-ins only: it runs on whatever Node the machine has, from 18 on)

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const changed = (file) => (existsSync(`${root}/${file}`) ? statSync(`${root}/${file}`).mtimeMs : 0);
const windows = process.platform === "win32";
const complete = changed("node_modules/.package-lock.json"); // npm writes it last
const runtime = changed(`node_modules/.bin/node${windows ? ".cmd" : ""}`);

if (!complete || !runtime || changed("package-lock.json") > complete + 1000) {
  console.error("Installing KangKlip's packages, once; this takes about a minute");
  // `ci` leaves the lock file as it is, whichever npm this is; where the lock does not fit package.json, `install` mends it.
  // Warnings about the old Node are left out: everything of ours runs on the one that is being installed.
  const npm = (command) =>
    spawnSync("npm", [command, "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: root,
      stdio: ["ignore", 2, 2], // stdout belongs to the command that comes after
      shell: windows,
    }).status;
  const done = (!complete && npm("ci") === 0) || npm("install") === 0;
  if (!done) {
    console.error("The packages could not be installed; see above. `npm install` tries again");
    process.exit(1);
  }
}
