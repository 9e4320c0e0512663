import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "../jobs/sqlite-store.ts";
import { testAuth } from "./auth-contract.ts";

testAuth("SQLite", async () => {
  const dir = mkdtempSync(join(tmpdir(), "kk-auth-"));
  const store = createSqliteStore({ file: join(dir, "kangklip.db") });
  return {
    store,
    async close() {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
});
