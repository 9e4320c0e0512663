import { createHash } from "node:crypto";
import { globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createDiskStore } from "../../packages/api/src/artifacts/disk.ts";
import type { JobStore } from "../../packages/api/src/jobs/store.ts";
import type { JobView } from "../../packages/contract/src/index.ts";
import type { Fact, SeenFile } from "./invariants.ts";

/** What is there after everything has ended and is kept by no policy: processes, launches, half-written files, attempts, jobs. */
export async function findLeftovers(run: {
  dataDir: string;
  /** Text that every process of the run has in its command line. */
  mark: string;
  store: JobStore;
  acked: ReadonlySet<string>;
}): Promise<Fact[]> {
  const { dataDir, mark, store, acked } = run;
  const artifacts = join(dataDir, "artifacts");
  const left: Fact[] = [];
  const add = (what: Extract<Fact, { is: "left" }>["what"], names: Iterable<string>) => {
    for (const name of names) left.push({ is: "left", what, name });
  };
  add("process", processesWith(mark));
  add("artifact", globSync("jobs/*/attempts", { cwd: artifacts }));

  // what a killed process was writing is kept for a day, then swept: that the sweep finds all of it is what counts here
  const disk = createDiskStore({ dir: artifacts, secret: Buffer.alloc(32), basePath: "/artifacts" });
  await disk.tidy(Date.now() + 1000);
  add("file", entries(join(artifacts, ".tmp")));
  add("file", globSync("**/*.tmp", { cwd: dataDir }));
  add("file", orphanedFacts(artifacts));

  add(
    "key",
    (await store.active()).map((id) => `${id} still has something to be done`),
  );
  for (let before: string | undefined; ; ) {
    const page = await store.list({ before, limit: 100 });
    add(
      "job",
      page.map(({ job_id }) => job_id).filter((id) => !acked.has(id)),
    );
    before = page.at(-1)?.job_id;
    if (page.length < 100) break;
  }
  return left;
}

/** Hidden files with what is known of an artifact, without the very version of it that they speak of. */
const orphanedFacts = (artifacts: string): string[] =>
  globSync("**/.*", { cwd: artifacts }).filter((path) => {
    if (path === ".tmp") return false;
    const [, name = "", version] = /^\.(.+)\.(\d+-\d+)/.exec(basename(path)) ?? [];
    const stats = statSync(join(artifacts, dirname(path), name), { bigint: true, throwIfNoEntry: false });
    return !stats || `${stats.ino}-${stats.mtimeNs}` !== version;
  });

/** Keys in Redis that neither expire nor belong to a job that was acked. */
export async function findKeys(
  redis: { command: (name: string, ...args: string[]) => Promise<unknown> },
  prefix: string,
  acked: ReadonlySet<string>,
): Promise<Fact[]> {
  const left: Fact[] = [];
  for (const key of (await redis.command("KEYS", "*")) as string[]) {
    const [, name = ""] = key.split(`{${prefix}}:`);
    if (["jobs", "active", "ended"].includes(name) || acked.has(name.replace(/^job:/, ""))) continue;
    const neverExpires = Number(await redis.command("PTTL", key)) === -1; // -2: it has expired just now
    if (neverExpires) left.push({ is: "left", what: "key", name: key });
  }
  return left;
}

/** Command lines of processes, but for this one's, that have a text in them. */
function processesWith(mark: string): string[] {
  return entries("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const [line, stat] = ["cmdline", "stat"].map((file) => readFileSync(`/proc/${pid}/${file}`, "utf8"));
      const isZombie = / Z /.test(stat?.slice(stat.lastIndexOf(")")).slice(0, 4) ?? "");
      return line?.includes(mark) && !isZombie ? [`${pid} ${line.replaceAll("\0", " ").trim()}`] : [];
    } catch {
      return []; // it ended
    }
  });
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The files that a job's manifest lists, looked at on the disk. */
export function lookAtFiles(dataDir: string, { job_id, attempts }: JobView): Fact {
  const folder = join(dataDir, "artifacts/jobs", job_id);
  const bytesOf = (name: string) => {
    try {
      return readFileSync(join(folder, name));
    } catch {
      return undefined;
    }
  };
  const manifest = JSON.parse(bytesOf("manifest.json")?.toString() ?? '{"files":[]}');
  const files = manifest.files.map(({ name, sha256: listed }: { name: string; sha256: string }): SeenFile => {
    const bytes = bytesOf(name);
    const found = bytes ? createHash("sha256").update(bytes).digest("hex") : null;
    return { name, listed, found, epoch: bytes ? madeBy(bytes) : null };
  });
  const epoch = attempts.find(({ outcome }) => outcome === "succeeded")?.epoch ?? null;
  return { is: "result", job: job_id, epoch, files };
}

/** The attempt that a file of the chaos worker says it comes from. */
function madeBy(bytes: Buffer): number | null {
  const [first = ""] = bytes.toString("utf8").split("\n", 1);
  try {
    return JSON.parse(first).epoch;
  } catch {
    return null;
  }
}
