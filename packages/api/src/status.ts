import type { ProviderView, Readiness, ServiceStatus } from "@kangklip/contract";
import type { Logger } from "./log.ts";

interface StatusOptions {
  version: string;
  health: () => Promise<Readiness["checks"]>;
  queue: () => ServiceStatus["queue"];
  providers: () => Promise<ProviderView[]>;
  log: Logger;
  /** ms since 1970 */
  now: () => number;
}

/** An answer is good for this long (ms): however many ask, all that stands behind the service is asked this often at most. */
const GOOD_MS = 5000;

/** How the service is, for everybody: what it needs, who waits, where jobs may run. Nothing in it is for the operator alone. */
export function createStatus({ version, health, queue, providers, log, now }: StatusOptions) {
  const since = new Date(now()).toISOString();
  let last: { at: number; answer: Promise<ServiceStatus> } | undefined;

  async function look(): Promise<ServiceStatus> {
    const [asked, places] = await Promise.all([
      health(),
      providers().catch((err: unknown) => {
        log.error({ err }, "providers could not be asked");
        return [];
      }),
    ]);
    const checks = Object.entries(asked).map(([name, { ok, needed, ms }]) => ({ name, ok, needed, ms }));
    return {
      ok: checks.every(({ ok, needed }) => ok || !needed),
      ...{ version, since, checks, queue: queue(), providers: places },
    };
  }

  /** How it is now, or was some seconds ago. */
  return async (): Promise<ServiceStatus> => {
    if (last && Math.abs(now() - last.at) < GOOD_MS) return last.answer;
    const answer = look();
    last = { at: now(), answer };
    return answer;
  };
}
