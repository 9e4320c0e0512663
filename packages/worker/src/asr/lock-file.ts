import { DatabaseSync } from "node:sqlite";

/**
 * Locks a file against every other process and every other caller in this one. The lock is the operating system's, taken through
 * SQLite, so it goes with the process that held it, however that ended.
 * @returns undefined while somebody else holds it; else something to dispose of.
 */
export function lockFile(file: string): Disposable | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}
