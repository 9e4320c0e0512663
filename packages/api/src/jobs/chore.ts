import type { Logger } from "../log.ts";

/**
 * Work that is due now and then, and never twice at the same time. `always`, if any, is done each time it is asked for. Failures are logged, and
 * it is tried again. @param everyMs how long between two beginnings of `work`; the first is due after that time
 * @returns what to call as often as one likes; its promise ends when nothing of it is under way
 */
export function createChore(options: {
  everyMs: number;
  /** ms since 1970 */
  now: () => number;
  log: Logger;
  work: () => Promise<unknown>;
  always?: () => Promise<unknown>;
}): () => Promise<void> {
  const { everyMs, now, log, work, always = async () => {} } = options;
  const failed = (err: unknown) => log.error({ err }, "a chore failed; it is tried again");
  let doneAt = now();
  let running: Promise<void> | undefined;

  async function once(): Promise<void> {
    if (now() - doneAt >= everyMs) {
      doneAt = now();
      await work().catch(failed);
    }
    await always().catch(failed);
  }

  return () => {
    running ??= once().finally(() => {
      running = undefined;
    });
    return running;
  };
}
