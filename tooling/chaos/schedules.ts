import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parentPort, Worker } from "node:worker_threads";
import { type Schedule, simulateMany, told } from "./simulation.ts";

/** Schedules with the seeds `seed` to `seed + count - 1`. */
interface Share {
  seed: number;
  count: number;
}
interface Answer {
  done: number;
  steps: number;
  failed: (Schedule & { seed: number }) | undefined;
}

const SHARE = 2500;

// as a thread of its own, it runs the shares that it is sent
parentPort?.on("message", ({ seed, count }: Share) =>
  parentPort?.postMessage(simulateMany(count, { seed }) satisfies Answer),
);

/**
 * Runs schedules on all cores until one breaks an invariant.
 * @param show gets how far it is; @param signal ends it early @returns what came out, in words, and whether every schedule held
 */
export async function simulateForPeople(
  count: number,
  { seed, show, signal }: { seed: number; show: (text: string) => void; signal: AbortSignal },
): Promise<{ text: string; held: boolean }> {
  const from = performance.now();
  const shares = Array.from({ length: Math.ceil(count / SHARE) }, (_, index): Share => {
    const begun = index * SHARE;
    return { seed: seed + begun, count: Math.min(SHARE, count - begun) };
  });
  let [done, steps] = [0, 0];
  let failed: Answer["failed"];
  const seconds = () => (performance.now() - from) / 1000;
  const speed = () => `${Math.round(done / seconds())}/s`;

  async function work(thread: Worker): Promise<void> {
    for (let share = shares.shift(); share && !failed; share = shares.shift()) {
      thread.postMessage(share);
      const [answer]: Answer[] = await once(thread, "message", { signal });
      if (!answer) return;
      done += answer.done;
      steps += answer.steps;
      failed ??= answer.failed;
      show(`${done} of ${count} schedules, ${speed()}`);
    }
  }
  const threads = Array.from(
    { length: Math.min(shares.length, availableParallelism()) },
    () => new Worker(new URL(import.meta.url)),
  );
  try {
    await Promise.all(threads.map(work));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  const sum = `${done} schedules, ${steps} steps in ${seconds().toFixed(1)} s (${speed()}), seed ${seed}`;
  return { text: failed ? `${told(failed)}\n${sum}` : `${sum}: no promise was broken.`, held: !failed };
}
