import type { Fault } from "../../packages/api/src/testing-tcp-fault.ts";
import { POINTS, type Point } from "./points.ts";
import type { Random } from "./random.ts";
import type { Behaviour } from "./worker.ts";

/** One thing that is killed. */
export type Kill =
  /** The API, when it comes to a point. */
  | { what: "point"; point: Point }
  /** The API, at any moment. */
  | { what: "api"; afterMs: number }
  /** A worker that runs: alone, or with the shell that waits for it. */
  | { what: "worker"; group: boolean; afterMs: number }
  /** Redis, and it comes back with what it had written; `api`: the API at the same time. */
  | { what: "redis"; downMs: number; api: boolean }
  /** Nobody, but the way to Redis does something else than it should for a while. */
  | { what: "way"; fault: Fault; ms: number };

/** Kills that take longest to be made good: whoever does the same again waits until the first one is surely gone. */
const SLOW =
  /store\.(remember|insert|note|replace\/SUBMITTING)$|provider\.(submit|find)$|(engine|market)\.(create|start)$/;

const FAULTS: readonly Fault[] = [
  { mode: "blackhole" },
  { mode: "eatReply" },
  { mode: "refuse" },
  { mode: "cutAfter", bytes: 700 },
  { mode: "delay", ms: 300 },
];

const BEHAVIOURS: readonly Behaviour[] = [
  ...Array<Behaviour>(6).fill("ok"),
  "slow",
  "fails",
  "crashes",
  "unreported",
  "cancelled",
];

/**
 * What is killed in a run, in order: each point (as far as `count` reaches; in a long run again and again), the rest at random. With Redis, its
 * way is disturbed besides. Points whose consequences last longest come first, and those that last for a moment come last, so that a short run
 * need not wait for them at its end.
 */
export function plan(
  count: number,
  {
    random,
    redis,
    points: known = POINTS,
    atRandom: others = Math.ceil(count / 4),
  }: { random: Random; redis: boolean; points?: readonly Point[] | undefined; atRandom?: number | undefined },
): Kill[] {
  const order = <T>(list: readonly T[]) =>
    list
      .map((item) => ({ item, place: random.next() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ item }) => item);
  const isSlow = ({ name }: Point) => SLOW.test(name);
  const once = [...order(known.filter(isSlow)), ...order(known.filter((point) => !isSlow(point)))];
  const points = once.slice(0, count - others);
  while (points.length < count - others) points.push(random.of(known)); // a long run comes to each of them again and again
  const first = points.slice(0, once.length).filter(isSlow);
  const rest = points.filter((point, index) => index >= once.length || !isSlow(point)); // begins with those that are over soon
  const atRandom = Array.from({ length: count - points.length }, (_, index): Kill => {
    const afterMs = random.whole(0, 600);
    const dice = random.next();
    if (redis && (dice < 0.3 || index < 2))
      return { what: "redis", downMs: random.whole(50, 900), api: random.chance(0.3) };
    if (dice < 0.65) return { what: "worker", group: random.chance(0.4), afterMs };
    return { what: "api", afterMs };
  });
  const asKill = (point: Point): Kill => ({ what: "point", point });
  const disturbances = Array.from({ length: redis ? Math.ceil(count / 4) : 0 }, (): Kill => {
    return { what: "way", fault: random.of(FAULTS), ms: random.whole(200, 1500) };
  });
  const [last, mixed] = [rest.slice(0, count / 2.5), rest.slice(count / 2.5)];
  return [
    ...first.map(asKill),
    ...order([...mixed.map(asKill), ...atRandom, ...disturbances]),
    ...last.map(asKill),
  ];
}

/** How the jobs of a run behave. */
export const behaviours = (count: number, random: Random): Behaviour[] =>
  Array.from({ length: count }, () => random.of(BEHAVIOURS));
