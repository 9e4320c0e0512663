import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Built } from "../sbf/build.ts";

export const CRATE = fileURLToPath(new URL("../../programs/kangklip_credits", import.meta.url));
export const ARTIFACT = join(CRATE, "artifact");
const SUMS = "SHA256SUMS";
const NAMES = { v3: "kangklip_credits.so", v0: "kangklip_credits.v0.so" } as const;

/** Writes both forms of a build and their sums into a folder, as they lie in the tree. */
export async function writeArtifact(built: Built, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [form, name] of Object.entries(NAMES)) {
    await writeFile(join(folder, name), built[form as keyof typeof NAMES].bytes);
  }
  await writeFile(join(folder, SUMS), sumsOf(built));
}

/** As `sha256sum` writes and checks it; the first line names the compilers. */
export function sumsOf(built: Built): string {
  const lines = Object.entries(NAMES).map(([form, name]) => {
    const sum = createHash("sha256")
      .update(built[form as keyof typeof NAMES].bytes)
      .digest("hex");
    return `${sum}  ${name}`;
  });
  return `# ${built.version}\n${lines.join("\n")}\n`;
}

export type Comparison = "same" | "different" | "other compilers";

/** Whether a build is, byte for byte, what a SHA256SUMS tells of; other compilers may well write other bytes. */
export function compare(built: Built, sums: string): Comparison {
  if (sums.split("\n")[0] !== `# ${built.version}`) return "other compilers";
  return sums === sumsOf(built) ? "same" : "different";
}

export const committedSums = () => readFile(join(ARTIFACT, SUMS), "utf8");
