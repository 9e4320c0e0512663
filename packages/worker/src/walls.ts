import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { childEnvironment } from "./config.ts";

const exec = promisify(execFile);

/**
 * What this machine can put round a program that reads foreign files. Each wall is a program of util-linux that hands over to the
 * next one by exec, so that the child keeps its pid, its pipes and its parent. Empty: not possible here.
 */
export interface Walls {
  /** Takes the network away. */
  network: readonly string[];
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

async function tried(): Promise<Walls> {
  if (process.platform !== "linux") return { network: [], limits: [], parent: [], family: [] };
  // as root without a user namespace: in one, root may no longer read what belongs to others
  const network = await first(["unshare", "--net"], ["unshare", "--map-root-user", "--net"]);
  const [limits, behindNetwork, family] = await Promise.all([
    first(["prlimit", "--core=0"]),
    first(
      ...[[...DIES_TOO, ...NO_RIGHTS], [...DIES_TOO, "--no-new-privs"], DIES_TOO].map((one) => [
        ...network,
        ...one,
      ]),
    ),
    first(
      [...DIES_TOO, "unshare", "--pid", "--fork", "--kill-child=KILL"],
      [...DIES_TOO, "unshare", "--map-root-user", "--pid", "--fork", "--kill-child=KILL"],
    ),
  ]);
  return { network, limits, parent: behindNetwork.slice(network.length), family };
}

let known: Promise<Walls> | undefined;

/** What works here, tried once per process in a few hundredths of a second. */
export function machineWalls(): Promise<Walls> {
  known ??= tried();
  return known;
}

/** The walls in words, and what is missing; for the receipt and `kangklip doctor`. */
export function describeWalls({ network, limits, parent }: Walls): { stands: string[]; lacks: string[] } {
  const all: [wall: readonly string[], stands: string, lacks: string][] = [
    [network, "no network", "they keep the network (unshare is not allowed here)"],
    [limits, "limits of memory, time and file size", "nothing limits their memory and time (no prlimit)"],
    [parent, "end with the worker", "they may outlive a killed worker (no setpriv --pdeathsig)"],
  ];
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
