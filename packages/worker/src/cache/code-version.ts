import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

let known: Promise<string> | undefined;

/**
 * What tells this worker's program from any other: the sha256 (hex) of its own files and of the list of packages that it uses. A version number would not change with each change of
 * the code, and what other code has made must not pass for its own. Read once per process.
 */
export function codeVersion(): Promise<string> {
  const here = import.meta.dirname;
  known ??= hashOf(
    import.meta.url.endsWith(".ts")
      ? [join(here, "../../package.json"), join(here, ".."), join(here, "../../../contract/src")]
      : [here], // the image's bundle, which has its own list
  );
  return known;
}

/** @param places files, and folders whose programs are read, tests left out */
async function hashOf(places: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of places) {
    if (!(await stat(folder)).isDirectory()) {
      hash.update(await readFile(folder));
      continue;
    }
    const names = (await readdir(folder, { recursive: true })).filter(
      (name) => /\.(ts|mjs|json)$/.test(name) && !/\.test\.ts$|(^|\/)(testing|node_modules)\b/.test(name),
    );
    for (const name of names.sort()) hash.update(`${name}\0`).update(await readFile(join(folder, name)));
  }
  return hash.digest("hex");
}
