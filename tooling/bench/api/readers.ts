import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { openStream, requestBytes } from "./drive.ts";
import { clockUs, createTimes, median, round } from "./figures.ts";

interface Reader {
  id: string;
  socket: Socket | undefined;
  version: number;
  rest: string;
}

export interface Delivery {
  readers: number;
  jobs: number;
  expected: number;
  delivered: number;
  disordered: number;
  /** Medians over the rounds, ms from the write to the reader. */
  p50: number;
  p99: number;
}

const AT_ONCE = 50; // more would overrun the queue of connections that wait to be accepted
const ROUND_MS = 60_000;
const REST_MS = 50; // so that a round does not pay for what the one before left to collect

/**
 * Many readers of event streams, spread evenly over some jobs.
 * @param path of the stream of a job @param headers that every reader sends
 */
export function createReaders(options: {
  port: number;
  ids: string[];
  count: number;
  path: (id: string) => string;
  headers: string[];
  /** How long the events of one round may take, ms. */
  patienceMs?: number;
}) {
  const { port, ids, path, headers, patienceMs = ROUND_MS } = options;
  const readers: Reader[] = Array.from({ length: options.count }, (_, index) => ({
    id: ids[index % ids.length] ?? "",
    socket: undefined,
    version: 0,
    rest: "",
  }));
  let times = createTimes();
  let disordered = 0;
  let arrived = 0;
  let awaited = { count: Number.POSITIVE_INFINITY, all: () => {} };

  function heard(reader: Reader, version: number, sentUs: number): void {
    if (version <= reader.version) disordered++;
    reader.version = version;
    if (!sentUs) return;
    times.add(clockUs() - sentUs);
    arrived++;
    if (arrived >= awaited.count) awaited.all();
  }

  /** An event is whole with the line of its id, however the bytes were cut. */
  function take(reader: Reader, text: string): void {
    reader.rest += text;
    for (;;) {
      const from = reader.rest.indexOf("id: ");
      const to = reader.rest.indexOf("\n", from);
      if (from < 0 || to < 0) return;
      const sent = /"message":"(\d+)"/.exec(reader.rest.slice(0, from))?.[1];
      heard(reader, Number(reader.rest.slice(from + 4, to)), Number(sent ?? 0));
      reader.rest = reader.rest.slice(to + 1);
    }
  }

  async function open(which: readonly Reader[]): Promise<void> {
    for (let first = 0; first < which.length; first += AT_ONCE)
      await Promise.all(
        which.slice(first, first + AT_ONCE).map(async (reader) => {
          const last = reader.version ? [`last-event-id: ${reader.version}`] : [];
          reader.rest = "";
          const request = requestBytes("GET", path(reader.id), [...headers, ...last]);
          reader.socket = await openStream(request, port, (text) => take(reader, text));
        }),
      );
  }

  /** Does something that sends one event to each of `count` readers; false where not all have it in time. */
  async function all(count: number, cause: () => Promise<void>): Promise<boolean> {
    arrived = 0;
    const done = new Promise<boolean>((resolve) => {
      awaited = { count, all: () => resolve(true) };
    });
    await cause();
    const late = new AbortController();
    const result = await Promise.race([
      done,
      sleep(patienceMs, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    return result;
  }

  return {
    open: () => open(readers),

    /** Some changes to every job, each after the one before has reached everybody. */
    async deliver(rounds: number, change: (ids: string[]) => Promise<void>): Promise<Delivery> {
      const [p50, p99]: [number[], number[]] = [[], []];
      let delivered = 0;
      disordered = 0;
      for (let count = 0; count < rounds; count++) {
        times = createTimes();
        await all(readers.length, () => change(ids));
        delivered += arrived;
        p50.push(times.at(0.5));
        p99.push(times.at(0.99));
        await sleep(REST_MS);
      }
      return {
        readers: readers.length,
        jobs: ids.length,
        expected: readers.length * rounds,
        delivered,
        disordered,
        p50: median(p50),
        p99: median(p99),
      };
    },

    /** Cuts a tenth of the readers off, changes their jobs and lets them come back: how many learn the newest, and how soon all have. */
    async comeBack(change: (ids: string[]) => Promise<void>) {
      const cut = readers.slice(0, Math.max(1, Math.floor(readers.length / 10)));
      for (const { socket } of cut) socket?.destroy();
      await all(readers.length - cut.length, () => change(ids));
      const from = performance.now();
      await all(cut.length, () => open(cut));
      return { cut: cut.length, caughtUp: arrived, seconds: round((performance.now() - from) / 1000, 2) };
    },

    close() {
      for (const { socket } of readers) socket?.destroy();
    },
  };
}
