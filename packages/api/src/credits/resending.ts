import type { Logger } from "../log.ts";
import type { CreditsLedger, Signed } from "./ledger.ts";

/** Leaders drop what they have no room for; an RPC that was told to does not repeat it. */
const RESEND_MS = 2000;
/** A transaction lives for 150 blocks, about a minute. */
const MAX_MS = 150_000;
/** Whoever asks about one that is not resent any more begins it anew (topup.ts). */
const MOST = 200;
const AT_ONCE = 8;
/** Whether it still can land is asked at every so manyth time. */
const LOOK_EVERY = 5;

/** Sends what others signed again and again, until it is told to end, or it can no longer land. One timer for all of this process. */
export function createResending({
  ledger,
  log,
  now,
}: {
  ledger: Pick<CreditsLedger, "broadcast" | "expired">;
  log: Logger;
  now: () => number;
}) {
  const sending = new Map<string, { signed: Signed; until: number; sent: number }>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isBusy = false;

  async function resend(signature: string): Promise<void> {
    const item = sending.get(signature);
    if (item === undefined) return;
    item.sent++;
    try {
      const isOver =
        now() > item.until || (item.sent % LOOK_EVERY === 0 && (await ledger.expired(item.signed)) !== null);
      if (isOver) end(signature);
      else await ledger.broadcast(item.signed, { again: true });
    } catch (err) {
      log.debug({ transaction: signature, err }, "a top-up could not be sent again now");
    }
  }

  async function tick(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      const waiting = [...sending.keys()];
      while (waiting.length > 0 && !isStopped) await Promise.all(waiting.splice(0, AT_ONCE).map(resend));
    } finally {
      isBusy = false;
    }
  }

  function end(signature: string): void {
    sending.delete(signature);
    if (sending.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    begin(signed: Signed): void {
      if (isStopped || sending.size >= MOST || sending.has(signed.signature)) return;
      sending.set(signed.signature, { signed, until: now() + MAX_MS, sent: 0 });
      timer ??= setInterval(() => void tick(), RESEND_MS).unref();
    },
    end,
    stop(): void {
      isStopped = true;
      clearInterval(timer);
    },
  };
}
