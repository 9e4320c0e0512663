import type { TopupConfirm } from "@kangklip/contract";
import type { PendingTopup } from "./pending-topup.ts";
import { type Problem, problemOf } from "./problem.ts";

export type TopupEnd =
  | { kind: "confirmed"; credits: number; balance: number }
  | { kind: "failed"; problem: Problem }
  | { kind: "signed-out" };

interface Follow {
  /** Whether the bytes may have been sent before: by an earlier visit, whose end nobody saw. */
  resumed: boolean;
  send: (transaction: string) => Promise<unknown>;
  confirm: (signature: string) => Promise<Pick<TopupConfirm, "credits_added" | "new_balance">>;
  /** Sleeps between two questions; rejects when nobody wants to know any more. */
  wait: () => Promise<void>;
}

/**
 * Brings a signed payment to its end: has it sent, and asks until the chain has confirmed it or never will. The same bytes may be sent
 * any number of times: the chain takes them once. What cannot be reached is asked again; only the chain's own word ends it.
 * @throws what `wait` rejects with
 */
export async function followTopup(
  pending: PendingTopup,
  { resumed, send, confirm, wait }: Follow,
): Promise<TopupEnd> {
  let toSend = pending.transaction;
  let refusal: Problem | null = null;
  let mayHaveLanded = resumed;
  for (;;) {
    if (toSend !== null && refusal === null)
      try {
        await send(toSend);
        toSend = null;
      } catch (error) {
        const problem = problemOf(error);
        if (problem.code === "NOT_SIGNED_IN") return { kind: "signed-out" };
        const refused = !problem.retryable || problem.code === "CREDITS_PAUSED"; // it was passed on to nobody
        if (refused) refusal = problem;
        else mayHaveLanded = true;
      }
    try {
      const { credits_added, new_balance } = await confirm(pending.signature);
      return { kind: "confirmed", credits: credits_added, balance: new_balance };
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === "NOT_SIGNED_IN") return { kind: "signed-out" };
      // refused the only time it was sent, and the chain does not know it: then it never will
      if (refusal && !mayHaveLanded && problem.code === "TRANSACTION_NOT_FOUND")
        return { kind: "failed", problem: refusal };
      if (!problem.retryable) return { kind: "failed", problem };
    }
    await wait();
  }
}
