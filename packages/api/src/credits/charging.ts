import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type JobId, KangKlipError } from "@kangklip/contract";
import { type Charge, isOpen, type Job } from "../jobs/job.ts";
import { decide } from "../jobs/state.ts";
import { type JobStore, update } from "../jobs/store.ts";
import type { Logger } from "../log.ts";
import type { CreditsLedger } from "./ledger.ts";
import { type SettleOptions, settle } from "./settle.ts";

interface ChargingOptions {
  store: JobStore;
  ledger: CreditsLedger;
  log: Logger;
  /** ms since 1970 */
  now: () => number;
  /** A charge of this job has moved. */
  changed?: (id: JobId) => void;
  /** How long one settling may take, and how long anybody waits for that of another process (ms). */
  settleMs?: number;
  waitMs?: number;
  /** Of a chain whose time a test makes: as in settle.ts. */
  pace?: Pick<SettleOptions, "now" | "pause">;
}

/** What has become of a charge. */
export interface Settled {
  charge: Charge;
  /** Whether it was sent while somebody waited here: else what was found had been done before. */
  sent: boolean;
}

/** A transaction lands within seconds; whoever waits is told after this time that it goes on. */
const SETTLE_MS = 12_000;
/** What was refused and may land all the same is looked at for so long (ms) at a time. */
const WATCH_MS = 1000;
/** Nobody else settles a charge meanwhile. What is being asked when time is up ends within 5 s (ledger.ts). */
const LEASE_MS = 30_000;
/** Clocks of several processes may differ by this; a lease that lies further ahead was written before a clock was put back. */
const SKEW_MS = 60_000;
const LOOK_MS = 1000;
/** For the jobs that nobody waits for. */
const AT_ONCE = 16;
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;
/** A fee that nobody could even sign for so long is not charged any more, and its job ends. */
const GIVE_UP_MS = 3_600_000;

/** Which job a charge is of; kept until its receipt is closed (closing.ts). */
const chargeNote = (request: string) => `charge:${request}`;
const NOTE_MS = 90 * 24 * 3_600_000;

/** The job of a charge by its request id; undefined where that was never known, or is so no longer. */
export const jobOfCharge = (store: JobStore, request: string): Promise<string | undefined> =>
  store.recall(chargeNote(request));

/**
 * Brings charges to their end: what is written down on the job is done on the chain, and what was done there is written down. Any number of
 * processes may be at it; one settles a charge at a time, and where two do, the chain takes it once. What a process that died leaves open is
 * taken up by `look`, which the reconciler calls for every job with an open charge.
 */
export function createCharging(options: ChargingOptions) {
  const {
    store,
    ledger,
    log,
    now,
    changed = () => {},
    settleMs = SETTLE_MS,
    waitMs = settleMs,
    pace = {},
  } = options;
  const me = randomUUID();
  const stopping = new AbortController();
  /** By request id: who comes meanwhile waits for the same. */
  const running = new Map<string, Promise<Settled>>();
  const pauses = new Map<string, { until: number; ms: number }>();
  let looking = 0;

  const chargeOf = (job: Job, request: string): Charge => {
    const charge = job.charges.find(({ request_id }) => request_id === request);
    if (!charge) throw new Error(`${job.job_id} has no charge ${request}`);
    return charge;
  };

  /** What a charge says that is settled here. */
  const lease = () => ({ by: me, until: now() + LEASE_MS });

  /** Somebody else is at it. */
  const isHeld = ({ by, until }: Charge): boolean =>
    by !== null && by !== me && until > now() && until - now() <= LEASE_MS + SKEW_MS;

  /** Writes a step down, unless somebody moved the charge meanwhile. @returns the charge as it is now, and whether the step was written */
  async function moved(id: JobId, from: Charge, to: Charge): Promise<{ charge: Charge; written: boolean }> {
    let written = false;
    const { job } = await update(store, id, (before) => {
      const after = decide(before, { type: "charge", from, to }, now());
      written = after !== before;
      return after;
    });
    if (written) changed(id);
    return { charge: chargeOf(job, from.request_id), written };
  }

  async function read(id: JobId, request: string): Promise<Charge> {
    const stored = await store.get(id);
    if (!stored) throw new KangKlipError("NOT_FOUND", "job not found");
    return chargeOf(stored.job, request);
  }

  async function run(id: JobId, request: string, resume: boolean): Promise<Settled> {
    const end = performance.now() + waitMs;
    let sent = false;
    for (;;) {
      let charge = await read(id, request);
      const left = end - performance.now();
      if (!isOpen(charge) || left <= 0 || stopping.signal.aborted) return { charge, sent };
      if (isHeld(charge)) {
        await news(id, Math.min(LOOK_MS, left));
        continue;
      }
      const taken = { ...charge, ...lease() };
      if (!isDeepStrictEqual(taken, charge)) {
        const step = await moved(id, charge, taken);
        if (!step.written) continue;
        charge = step.charge;
      }
      if (charge.state === "DUE") await store.note(chargeNote(request), id, NOTE_MS);
      /** Compare-and-set: false where somebody else moved the charge, who then knows better. */
      const save = async (to: Charge): Promise<boolean> => {
        const next = { ...to, ...(isOpen(to) ? lease() : { by: null, until: 0 }) };
        const step = await moved(id, charge, next).catch((cause) => {
          if (to.state !== "CHARGED") throw cause;
          throw new KangKlipError("UNLOCK_UNFINISHED", "failed to finalize unlock", { cause });
        });
        if (!step.written) return false;
        sent ||= to.state === "SENDING";
        charge = step.charge;
        return true;
      };
      try {
        const deadlineMs = charge.state === "REFUSED" && !resume ? WATCH_MS : settleMs;
        await settle(ledger, charge, save, { signal: stopping.signal, deadlineMs, resume, ...pace });
      } finally {
        if (isOpen(charge) && charge.by === me)
          await moved(id, charge, { ...charge, by: null, until: 0 }).catch(() => {}); // else the lease runs out
      }
      if (charge.state === "REFUSED") return { charge, sent };
    }
  }

  /** Ends when the job was written, or after a while. */
  async function news(id: JobId, ms: number): Promise<void> {
    const told = Promise.withResolvers<void>();
    const stop = store.watch(id, told.resolve);
    await Promise.race([told.promise, sleep(ms)]);
    stop();
  }

  /**
   * Brings a charge to its end, or as far as it comes in time: it is open still where the chain has not decided. Whoever asks while it is being
   * settled here is given the same. `resume`: somebody wants anew what was refused and may still land.
   * @throws KangKlipError UNAVAILABLE where the chain or the store is away; what was begun is gone on with later
   */
  function settled(id: JobId, request: string, { resume = false } = {}): Promise<Settled> {
    const known = running.get(request);
    if (known) return known;
    const settling = run(id, request, resume).finally(() => running.delete(request));
    running.set(request, settling);
    return settling;
  }

  /** Gives a charge up of which nothing is signed. Where somebody is at it, nothing changes. */
  async function withdrawn(id: JobId, request: string): Promise<void> {
    const charge = await read(id, request);
    if (charge.state === "DUE" && !isHeld(charge))
      await moved(id, charge, { ...charge, by: null, until: 0, state: "REFUSED", error: "CHARGE_FAILED" });
  }

  return {
    settled,
    lease,
    isHeld,
    withdrawn,

    /** Begins to settle what is open of a job and nobody is at; waits for nothing. */
    look(job: Job): void {
      for (const charge of job.charges) {
        const request = charge.request_id;
        if (!isOpen(charge) || isHeld(charge) || running.has(request) || stopping.signal.aborted) continue;
        const pause = pauses.get(request);
        if (looking >= AT_ONCE || now() < (pause?.until ?? 0)) continue;
        looking++;
        const about = { job_id: job.job_id, what: charge.what, request_id: request };
        settled(job.job_id, request)
          .then(
            ({ charge: after }) => {
              log.info({ ...about, state: after.state }, "looked after a charge");
              return !isOpen(after);
            },
            (err) => {
              log.error({ ...about, err }, "a charge could not be settled; it is tried again");
              return false;
            },
          )
          .then(async (ended) => {
            if (ended) return void pauses.delete(request);
            const ms = Math.min(MAX_PAUSE_MS, pause ? 2 * pause.ms : FIRST_PAUSE_MS);
            pauses.set(request, { ms, until: now() + ms });
            await givenUp(job, charge);
          })
          .catch((err) => log.error({ ...about, err }, "a charge could not be given up; it is tried again"))
          .finally(() => looking--);
      }
    },

    /** Ends when nothing that was begun here is under way. */
    async idle(): Promise<void> {
      while (running.size > 0) await Promise.allSettled(running.values());
    },

    /** Begins nothing more; what is open is taken up by the next process. */
    stop: () => stopping.abort(),
  };

  async function givenUp({ job_id }: Job, { what, state, since, request_id }: Charge): Promise<void> {
    if (what === "generation" && state === "DUE" && now() - since >= GIVE_UP_MS)
      await withdrawn(job_id, request_id);
  }
}
export type Charging = ReturnType<typeof createCharging>;
