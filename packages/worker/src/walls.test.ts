import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { runChild } from "./child.ts";
import { LANDLOCK } from "./landlock.ts";
import { describeWalls, hideFromChildren, machineWalls } from "./walls.ts";

const exec = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), "kk-walls-"));
const kept = join(root, "data", "cache");
mkdirSync(kept, { recursive: true });
writeFileSync(join(kept, "secret"), "SECRET");
const work = join(root, "work");
mkdirSync(work);
writeFileSync(join(work, "beside"), "beside");
symlinkSync(kept, join(work, "way-in"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const landlock = ["-I", "-S", "-c", LANDLOCK];
const hasLandlock = await exec("python3", [...landlock, kept, "true"]).then(
  () => true,
  () => false,
);
const hides = await hideFromChildren(kept);

/** Tries every way into the folder that comes to mind, then what it may do. */
const TRIES = `
for path in "$1/secret" "$2/way-in/secret" /proc/$PPID/root"$1/secret" /proc/self/root"$1/secret"; do cat "$path"; done
echo planted > "$1/planted"
echo changed > "$1/secret"
mv "$1/secret" "$2/secret"
ln "$1/secret" "$2/linked"
umount "$1" && cat "$1/secret"
unshare --map-root-user --mount sh -c 'umount "$0" && cat "$0/secret"' "$1"
cat "$2/beside" && echo more >> "$2/made" && mv "$2/made" "$2/made.txt" && echo done
` as const;

function expectUntouched(said: string): void {
  expect(said).toBe("besidedone\n");
  expect(readdirSync(kept)).toEqual(["secret"]);
  expect(readFileSync(join(kept, "secret"), "utf8")).toBe("SECRET");
  expect(readdirSync(work).sort()).toEqual(["beside", "made.txt", "way-in"]);
  rmSync(join(work, "made.txt"));
}

test.skipIf(!hides).each([false, true])(
  "no child reaches what is kept for the next job (needs an account that may unshare, or Landlock), family: %s",
  async (family) => {
    const { stdout } = await runChild("sh", ["-c", TRIES, "sh", kept, work], {
      ...{ signal: new AbortController().signal, memoryBytes: 1e9, fileBytes: 1e6, family },
    });
    expectUntouched(stdout);
    expect(describeWalls(await machineWalls()).stands).toContain(
      "what is kept for the next job out of reach",
    );
  },
);

test.skipIf(!hasLandlock)(
  "where nothing can be mounted, Landlock keeps them away from it (needs python3 and Linux 5.13)",
  async () => {
    const tried = exec("python3", [...landlock, kept, "sh", "-c", TRIES, "sh", kept, work]);
    expectUntouched((await tried).stdout);
  },
);
