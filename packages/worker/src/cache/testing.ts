import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStageCache } from "./stage-cache.ts";

/** A cache in a folder of its own, a folder of an attempt beside it, and what was logged. */
export async function aCache(maxBytes = 1e9) {
  const root = mkdtempSync(join(tmpdir(), "kk-cache-"));
  const logs: string[] = [];
  const open = () =>
    openStageCache({ dir: join(root, "cache"), maxBytes, log: (event) => void logs.push(event) });
  const work = join(root, "work");
  mkdirSync(work);
  const entries = join(root, "cache/v1/entries");
  return {
    ...{ root, work, entries, logs, open, cache: await open() },
    /** A file of the attempt. */
    file(name: string, content: string | Buffer = name) {
      writeFileSync(join(work, name), content);
      return { name, path: join(work, name) };
    },
    folder(name: string) {
      mkdirSync(join(root, name));
      return join(root, name);
    },
    /** Names of what lies among the entries, finished or not. */
    names: () => readdirSync(entries),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
