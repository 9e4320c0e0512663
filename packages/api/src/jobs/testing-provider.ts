import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerEnv } from "@kangklip/contract";
import {
  type ComputeProvider,
  type LaunchRef,
  type Observation,
  type Offer,
  ProviderError,
  type ProviderErrorKind,
} from "@kangklip/providers";

/** What is wrong with the next answer of a kind of call. */
export type Trouble =
  | { error: ProviderErrorKind; retryAfterMs?: number }
  /** Something that no adapter should throw: an answer that could not be read. */
  | { bug: string }
  /** It is done, but the answer never comes. */
  | { dropped: true }
  /** The answer takes this long (ms of the real clock), and is given although nobody waits any more. */
  | { delayMs: number };
type Asked = "offers" | "submit" | "find" | "observe" | "cancel" | "release" | "list";

/** One launch as its provider knows it. */
export interface FakeLaunch {
  ref: LaunchRef;
  launchKey: string;
  offerId: string | undefined;
  env: WorkerEnv;
  createdAt: number;
  seen: Observation;
  /** How often it has to be asked to stop before it is gone. */
  stubborn: number;
  released: boolean;
}

/**
 * A provider without machines that writes down every call. `native`: a launch key is unique there; `lookup`: every submission starts one
 * more. `now` in ms since 1970.
 */
export function createTestingProvider({
  id = "testing",
  submit: kind = "native",
  usdPerHour = 0.5,
  now,
}: {
  id?: string;
  submit?: "native" | "lookup";
  usdPerHour?: number | null;
  now: () => number;
}) {
  const launches: FakeLaunch[] = [];
  const calls: { call: Asked; about: string }[] = [];
  const troubles: { call: Asked; trouble: Trouble; times: number }[] = [];
  const offers: Offer[] = [
    {
      ...{ provider: id, offerId: "one", label: `${id}'s only place`, usdPerHour },
      ...{ availability: "available", expiresAt: Number.POSITIVE_INFINITY },
    },
  ];

  /** Does the work and answers as the planned trouble wants it. */
  async function answer<T>(call: Asked, about: string, work: () => T): Promise<T> {
    calls.push({ call, about });
    const planned = troubles.find((one) => one.call === call && one.times > 0);
    if (!planned) return work();
    planned.times--;
    const { trouble } = planned;
    if ("error" in trouble)
      throw new ProviderError(trouble.error, id, `the provider said ${trouble.error}`, {
        ...(trouble.retryAfterMs !== undefined && { retryAfterMs: trouble.retryAfterMs }),
      });
    if ("bug" in trouble) throw new SyntaxError(trouble.bug);
    if ("delayMs" in trouble) {
      await sleep(trouble.delayMs);
      return work();
    }
    work();
    throw new ProviderError("AMBIGUOUS", id, "the connection was cut before the answer came");
  }

  const refOf = () => ({ provider: id, ref: `launch ${launches.length + 1}` });
  const at = ({ ref }: LaunchRef) => launches.find((one) => one.ref.ref === ref && !one.released);
  const there = (launchKey: string) =>
    launches.filter((one) => one.launchKey === launchKey && !one.released).map(({ ref }) => ref);
  const isOver = ({ seen }: FakeLaunch) => seen.phase === "exited" || seen.phase === "lost";

  const provider: ComputeProvider = {
    id,
    capabilities: {
      submit: kind,
      deadline: "none",
      logs: "none",
      envVisibleTo: "public",
      gpu: false,
      list: true,
    },
    probe: async () => ({ ok: true, detail: "testing" }),
    offers: () => answer("offers", "", () => offers.map((offer) => ({ ...offer }))),
    submit: (spec) =>
      answer("submit", spec.launchKey, () => {
        const [same] = kind === "native" ? there(spec.launchKey) : [];
        if (same) return same;
        const ref = refOf();
        launches.push({
          ref,
          offerId: spec.offerId,
          launchKey: spec.launchKey,
          env: spec.env,
          createdAt: now(),
          seen: { phase: "running" },
          stubborn: 0,
          released: false,
        });
        return ref;
      }),
    find: (launchKey) => answer("find", launchKey, () => there(launchKey)),
    observe: (ref) => answer("observe", ref.ref, () => at(ref)?.seen ?? { phase: "lost" }),
    cancel: (ref) =>
      answer("cancel", ref.ref, () => {
        const launch = at(ref);
        if (!launch || isOver(launch)) return "gone";
        if (launch.stubborn-- > 0) return "stopping";
        launch.seen = { phase: "exited", exitCode: null, reason: "cancelled" };
        return "gone";
      }),
    logs: async () => "",
    release: (ref) =>
      answer("release", ref.ref, () => {
        const launch = at(ref);
        if (launch && !isOver(launch)) throw new ProviderError("CONFLICT", id, "it still runs");
        if (launch) launch.released = true;
      }),
    async *list() {
      const all = await answer("list", "", () => launches.filter(({ released }) => !released));
      for (const { ref, launchKey, createdAt } of all) yield { ref, launchKey, createdAt };
    },
  };

  return {
    provider,
    /** What it offers: changed as a test likes. */
    offers,
    launches,
    calls,
    count: (call: Asked) => calls.filter((one) => one.call === call).length,
    /** Launches that cost money now. */
    live: () => launches.filter((launch) => !isOver(launch)),
    /** The next `times` answers to this call go wrong. */
    plan: (call: Asked, trouble: Trouble, times = 1) => void troubles.push({ call, trouble, times }),
    /** All is well again. */
    mend: () => void troubles.splice(0),
    /** A launch that this process never asked for: of a time that its store has lost, or of nobody. */
    plant(launchKey: string, env: Partial<WorkerEnv> = {}, seen: Observation = { phase: "running" }) {
      const ref = refOf();
      const launch: FakeLaunch = {
        ref,
        offerId: undefined,
        launchKey,
        env: env as WorkerEnv,
        createdAt: now(),
        seen,
        stubborn: 0,
        released: false,
      };
      launches.push(launch);
      return launch;
    },
  };
}
