import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";

/** Linux counts in hundredths of a second, whatever the kernel's own clock is (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Takes processor seconds of a child that has ended. */
type Account = (cpuSeconds: number) => void;
const accounts = new AsyncLocalStorage<Account>();

/** Work whose children are told of one by one as they end, for they run beside those of another stage. */
export const accounted = <T>(account: Account, work: () => T): T => accounts.run(account, work);

let before = 0;

/** Whose account a child that is started now goes to. @returns what is to be called as soon as it has ended */
export function childAccount(): () => void {
  const account = accounts.getStore();
  before ||= endedChildren();
  return () => {
    const now = endedChildren();
    const took = now - before; // its own alone, but where two end in the same moment
    before = now;
    account?.(took);
  };
}

/** Processor seconds of all children that have ended, with theirs; 0 where nothing tells. */
const endedChildren = () => {
  const [, , user = 0, system = 0] = processTimes() ?? [];
  return user + system;
};

/**
 * Seconds of this process (user, system) and of its children that have ended, with theirs (user, system); null where nothing tells: only
 * Linux does, and `process.resourceUsage` knows no children.
 */
function processTimes(): number[] | null {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // behind the name, which may hold anything: utime, stime, cutime, cstime are the fields 14 to 17 (proc(5))
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const times = fields.slice(11, 15).map((ticks) => Number(ticks) / TICKS_PER_SECOND);
    return times.every(Number.isFinite) ? times : null;
  } catch {
    return null;
  }
}

/** Processor seconds of this process and of its children that have ended, with theirs; null where nothing tells. */
export const cpuSeconds = (): number | null =>
  processTimes()?.reduce((sum, seconds) => sum + seconds, 0) ?? null;
