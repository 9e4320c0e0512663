import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

const DAY_MS = 86_400_000;

/**
 * Whether `what` was not done within the last day, and marks it as done: a machine without network must not wait for the same
 * failure at each start. Removing the mark, `tools/last-…` in the data folder, allows the next try at once.
 */
export async function isFirstTimeToday(dataDir: string, what: string): Promise<boolean> {
  const mark = join(dataDir, "tools", `last-${what}`);
  const last = await stat(mark).catch(() => undefined);
  if (last && Date.now() - last.mtimeMs < DAY_MS) return false;
  await mkdir(join(dataDir, "tools"), { recursive: true });
  await writeFile(mark, "");
  return true;
}
