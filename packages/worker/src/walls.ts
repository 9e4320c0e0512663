import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { childEnvironment } from "./config.ts";
import { LANDLOCK } from "./landlock.ts";

const exec = promisify(execFile);

/**
 * What this machine can put round a program that reads foreign files. Each wall is a program of util-linux that hands over to the
 * next one by exec, so that the child keeps its pid, its pipes and its parent. Empty: not possible here.
 */
export interface Walls {
  /** Takes the network away. */
  network: readonly string[];
  /** Takes what this machine keeps for the next job out of reach, where the walls before it have not done so. */
  cache: readonly string[];
  /** Whether it is out of reach; undefined where nothing is kept. */
  hidesCache?: boolean;
  /** prlimit alone; the limits follow per child. */
  limits: readonly string[];
  /** The child is killed by the kernel when its parent is gone, and can gain no rights. */
  parent: readonly string[];
  /** Before all others: a process namespace of its own, so that what the child starts ends with it, whatever it does. */
  family: readonly string[];
}

/** Nothing that a child of ours does needs a right beyond its user's; root keeps reading the files of others. */
const NO_RIGHTS = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all,+dac_override,+dac_read_search"];
const DIES_TOO = ["setpriv", "--pdeathsig", "KILL"];
const TRY_MS = 10_000;

/** @returns the first of the prefixes with which a program can be started, else an empty one */
async function first(...prefixes: string[][]): Promise<readonly string[]> {
  for (const [program = "", ...args] of prefixes) {
    const options = { timeout: TRY_MS, env: childEnvironment() };
    const works = await exec(program, [...args, "true"], options).then(
      () => true,
      () => false,
    );
    if (works) return [program, ...args];
  }
  return [];
}

/** In a mount namespace of its own a program finds an empty folder in the folder's place, and has no right to take it away again. */
const hiding = (dir: string) => [
  "sh",
  "-c",
  'mount -t tmpfs -o ro,size=4k,mode=0,nosuid,nodev,noexec none "$0" && exec "$@"',
  dir,
];

/** @param hidden folder that no child may reach; undefined: there is none */
async function tried(hidden: string | undefined): Promise<Walls> {
  const cannotHide = hidden !== undefined && { hidesCache: false };
  if (process.platform !== "linux")
    return { network: [], cache: [], limits: [], parent: [], family: [], ...cannotHide };
  // as root without a user namespace: in one, root may no longer read what belongs to others
  const spaces = [["unshare"], ["unshare", "--map-root-user"]];
  const apart =
    hidden === undefined ? [] : spaces.map((one) => [...one, "--net", "--mount", ...hiding(hidden)]);
  const network = await first(...apart, ...spaces.map((one) => [...one, "--net"]));
  const mounts = hidden !== undefined && network.includes(hidden);
  const cache =
    hidden === undefined || mounts ? [] : await first(["python3", "-I", "-S", "-c", LANDLOCK, hidden]);
  const inOwnMount = mounts && hidden !== undefined ? ["--mount", ...hiding(hidden)] : [];
  const [limits, behindNetwork, family] = await Promise.all([
    first(["prlimit", "--core=0"]),
    first(
      ...[[...DIES_TOO, ...NO_RIGHTS], [...DIES_TOO, "--no-new-privs"], DIES_TOO].map((one) => [
        ...network,
        ...one,
      ]),
    ),
    first(
      ...spaces.map((one) => [...DIES_TOO, ...one, "--pid", "--fork", "--kill-child=KILL", ...inOwnMount]),
    ),
  ]);
  const hides = mounts ? family.length > 0 : cache.length > 0;
  return {
    ...{ network, cache, limits, parent: behindNetwork.slice(network.length), family },
    ...(hidden !== undefined && { hidesCache: hides }),
  };
}

let known: Promise<Walls> | undefined;
let hidden: string | undefined;

/** What works here, tried once per process in a few hundredths of a second. */
export function machineWalls(): Promise<Walls> {
  known ??= tried(hidden);
  return known;
}

/**
 * From now on no child reaches this folder, which is there, as far as this machine can do that. To be called before the first child is
 * started. @returns whether it can
 */
export async function hideFromChildren(dir: string): Promise<boolean> {
  hidden = dir;
  known = undefined;
  return (await machineWalls()).hidesCache === true;
}

/** The walls in words, and what is missing; for the receipt and `kangklip doctor`. */
export function describeWalls({ network, limits, parent, hidesCache }: Walls): {
  stands: string[];
  lacks: string[];
} {
  const all: [wall: readonly string[], stands: string, lacks: string][] = [
    [network, "no network", "they keep the network (unshare is not allowed here)"],
    [limits, "limits of memory, time and file size", "nothing limits their memory and time (no prlimit)"],
    [parent, "end with the worker", "they may outlive a killed worker (no setpriv --pdeathsig)"],
  ];
  if (hidesCache !== undefined)
    all.push([
      hidesCache ? ["hidden"] : [],
      "what is kept for the next job out of reach",
      "they reach what is kept for the next job",
    ]);
  return {
    stands: all.filter(([wall]) => wall.length > 0).map(([, stands]) => stands),
    lacks: all.filter(([wall]) => wall.length === 0).map(([, , lacks]) => lacks),
  };
}

/** One sentence for the receipt. */
export function wallsNote(walls: Walls): string {
  const { stands, lacks } = describeWalls(walls);
  const around = stands.length > 0 ? stands.join(", ") : "none";
  return `Walls round the media tools: ${around}${lacks.length > 0 ? `; ${lacks.join("; ")}` : ""}.`;
}
