import { setTimeout as sleep } from "node:timers/promises";
import { RpcError } from "./errors.ts";

/** What a call is answered with in place of an answer. */
export type Failure =
  /** An HTTP status, such as 429 or 503. */
  | { status: number }
  /** A JSON-RPC error, such as -32005. */
  | { code: number; message?: string; data?: unknown };

/** Makes the localnet behave as bad as a real cluster and its nodes do. A method's name, or "*" for whichever comes next. */
export interface Faults {
  /** The next `n` calls are carried out, and their answers are lost: the connection ends. */
  dropNext(method: string, n?: number): void;
  /** The next `n` calls are carried out at once, and answered `ms` later. */
  delayNext(method: string, ms: number, n?: number): void;
  /** The next `n` calls are not carried out, and fail. */
  fail(method: string, failure: Failure, n?: number): void;
  /** The next `n` transactions are accepted, and never land. */
  loseNext(n?: number): void;
  /** The next `n` transactions are accepted, and land so many slots later, if they are still good then. */
  holdNext(slots: number, n?: number): void;
  /** From now on `finalized` sees what was so many slots ago, `confirmed` too if asked. */
  lag(finalized: number, confirmed?: number): void;
  /** No blocks any more: what is sent waits. */
  stopTime(): void;
  startTime(): void;
  /** As if nothing had been asked. */
  clear(): void;
}

/** The side of the switches that the service looks at. */
export interface FaultSwitches extends Faults {
  /** What is to happen to this call, and uses it up. */
  take(method: string): { drop: boolean; delayMs: number; failure: Failure | undefined };
  /** What is to happen to this transaction: "lost", slots to wait, or nothing. */
  takeLoss(): "lost" | number | undefined;
  isTimeStopped(): boolean;
}

type Planned =
  | { kind: "drop"; method: string }
  | { kind: "delay"; method: string; ms: number }
  | { kind: "fail"; method: string; failure: Failure };

export function createFaults(setLag: (finalized: number, confirmed: number) => void): FaultSwitches {
  let planned: Planned[] = [];
  let losses: ("lost" | number)[] = [];
  let stopped = false;
  const times = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);
  const takeOne = <K extends Planned["kind"]>(kind: K, method: string) => {
    const at = planned.findIndex(
      (each) => each.kind === kind && (each.method === method || each.method === "*"),
    );
    return at < 0 ? undefined : (planned.splice(at, 1)[0] as Extract<Planned, { kind: K }>);
  };
  return {
    dropNext: (method, n = 1) => planned.push(...times(n, { kind: "drop", method } as const)),
    delayNext: (method, ms, n = 1) => planned.push(...times(n, { kind: "delay", method, ms } as const)),
    fail: (method, failure, n = 1) => planned.push(...times(n, { kind: "fail", method, failure } as const)),
    loseNext: (n = 1) => losses.push(...times(n, "lost" as const)),
    holdNext: (slots, n = 1) => losses.push(...times(n, slots)),
    lag: (finalized, confirmed = 0) => setLag(finalized, confirmed),
    stopTime() {
      stopped = true;
    },
    startTime() {
      stopped = false;
    },
    clear() {
      planned = [];
      losses = [];
      stopped = false;
      setLag(0, 0);
    },
    take: (method) => ({
      drop: takeOne("drop", method) !== undefined,
      delayMs: takeOne("delay", method)?.ms ?? 0,
      failure: takeOne("fail", method)?.failure,
    }),
    takeLoss: () => losses.shift(),
    isTimeStopped: () => stopped,
  };
}

/** Waits where a call is to be answered late. */
export const late = (ms: number): Promise<void> => (ms > 0 ? sleep(ms) : Promise.resolve());

/** The error of a planned failure that has a code. */
export const failureError = ({ code, message, data }: Extract<Failure, { code: number }>) =>
  new RpcError(code, message ?? "The node cannot answer now", data);
