import type { JobStore } from "./store.ts";

const SYNC_MS = 10_000;
/** An answer that took longer says too little about when it was given. */
const SLOW_MS = 2000;

/**
 * One time for all processes that share a store: the store's, carried on between two askings by this machine's steady clock. It never goes
 * back once the store has been asked: where it turns out to be ahead (a wall clock was put back, or the store moved to another machine), it goes at half speed until
 * the store has caught up. While the store is away it goes on by itself. `steady` and `wall` in ms; only tests give others.
 */
export function createClock(
  store: Pick<JobStore, "time">,
  { steady = () => performance.now(), wall = Date.now }: { steady?: () => number; wall?: () => number } = {},
) {
  let at = { steady: steady(), time: wall(), ahead: 0 };
  let last = 0;
  let synced = false;
  let timer: NodeJS.Timeout | undefined;

  /** The time of the store as far as is known, and what this clock makes of it. */
  const read = () => {
    const passed = Math.max(0, steady() - at.steady);
    return { time: at.time + passed, ahead: Math.max(0, at.ahead - passed / 2) };
  };

  /** ms since 1970. Costs nothing: nobody is asked. */
  function now(): number {
    const { time, ahead } = read();
    last = Math.max(last, Math.round(time + ahead));
    return last;
  }

  /** Asks the store. @throws what the store throws: the clock goes on as it was */
  async function sync(): Promise<void> {
    const from = steady();
    const told = await store.time();
    const to = steady();
    if (to - from > SLOW_MS || !Number.isFinite(told)) return;
    const time = told + (to - from) / 2; // it was read somewhere on the way
    at = { steady: to, time, ahead: synced ? Math.max(0, now() - time) : 0 };
    if (!synced) last = 0; // until now it was only a guess
    synced = true;
  }

  return {
    now,
    sync,
    /** Asks now, and again every ten seconds until `stop`. A store that is away is asked again then: until it answers, the machine's own time counts. */
    async start(): Promise<void> {
      await sync().catch(() => {});
      timer ??= setInterval(() => void sync().catch(() => {}), SYNC_MS).unref();
    },
    stop(): void {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
