import { createHash } from "node:crypto";
import { runChild } from "../child.ts";

const MOST_OUTPUT = 16 << 20;
const LONGEST_MS = 30_000;

let known: Promise<string | null> | undefined;

/**
 * What tells this machine's fonts from another's: the sha256 of the list of them, since captions look otherwise where others are installed.
 * @returns null where fontconfig is not here
 */
export function installedFonts(): Promise<string | null> {
  known ??= listed();
  return known;
}

async function listed(): Promise<string | null> {
  try {
    const { ended, stdout } = await runChild("fc-list", ["--format", "%{file}\t%{fontversion}\n"], {
      ...{ signal: AbortSignal.timeout(LONGEST_MS), timeoutMs: LONGEST_MS, maxStdout: MOST_OUTPUT },
      ...{ memoryBytes: 1 << 30, fileBytes: 64 << 20 },
    });
    if (ended !== 0) return null;
    return createHash("sha256").update(stdout.split("\n").sort().join("\n")).digest("hex");
  } catch {
    return null;
  }
}
