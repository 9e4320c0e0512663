/** Time that can be pushed forward: what was to happen meanwhile happens at once, in order. */
export interface StandInClock {
  /** ms since 1970 */
  now(): number;
  /** @returns a function that takes it back */
  after(ms: number, run: () => void): () => void;
  /** Lets so much time pass at once (ms). */
  advance(ms: number): void;
  /** Nothing happens any more. */
  stop(): void;
}

interface Task {
  at: number;
  run: () => void;
}

/** @param standsAt ms since 1970: the clock stands there until it is pushed; undefined: it goes, and shows the real time */
export function createStandInClock(standsAt?: number): StandInClock {
  let pushed = 0;
  let tasks: Task[] = [];
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const now = () => (standsAt ?? Date.now()) + pushed;

  /** What is due by this time, the earliest first; a task may add others. */
  function runUntil(end: number): void {
    for (;;) {
      const next = tasks.filter(({ at }) => at <= end).reduce<Task | undefined>(earlier, undefined);
      if (!next || stopped) return;
      tasks = tasks.filter((task) => task !== next);
      next.run();
    }
  }
  const earlier = (a: Task | undefined, b: Task) => (a && a.at <= b.at ? a : b);

  function wait(): void {
    clearTimeout(timer);
    const first = tasks.reduce<Task | undefined>(earlier, undefined);
    if (standsAt !== undefined || !first || stopped) return;
    timer = setTimeout(
      () => {
        runUntil(now());
        wait();
      },
      Math.min(Math.max(0, first.at - now()), 2 ** 31 - 1),
    );
    timer.unref();
  }

  return {
    now,
    after(ms, run) {
      const task = { at: now() + ms, run };
      tasks.push(task);
      wait();
      return () => {
        tasks = tasks.filter((other) => other !== task);
      };
    },
    advance(ms) {
      const end = now() + ms;
      while (!stopped && now() < end) {
        const first = tasks.reduce<Task | undefined>(earlier, undefined);
        const step = first && first.at < end ? Math.max(0, first.at - now()) : end - now();
        pushed += step;
        runUntil(now());
      }
      wait();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
