import { randomUUID } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "./sqlite-store.ts";
import type { JobStore } from "./store.ts";

/** Where jobs are kept. A test that only uses this can run on any store. */
export interface StorePlace {
  /** The store as one more process would open it. */
  open(): Promise<JobStore>;
  /** Keeps a copy of what is there now, and gives what puts it back later: everything written since is lost. */
  photograph(): Promise<() => Promise<void>>;
  remove(): Promise<void>;
}

/** A SQLite file in a folder of its own. */
export function sqlitePlace(root = tmpdir()): StorePlace {
  const dir = mkdtempSync(join(root, "kk-world-"));
  const file = join(dir, "kangklip.db");
  let opened: JobStore[] = [];
  const close = async () => {
    await Promise.all(opened.map((store) => store.close()));
    opened = [];
  };
  return {
    async open() {
      const store = createSqliteStore({ file });
      opened.push(store);
      return store;
    },
    async photograph() {
      await close(); // the last one to close writes all of it into the one file
      const copy = `${file}.${randomUUID()}`;
      copyFileSync(file, copy);
      return async () => {
        await close();
        for (const end of ["-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
        copyFileSync(copy, file);
      };
    },
    async remove() {
      await close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
