import { problemOf } from "../lib/problem.ts";
import { trpc } from "../lib/trpc.ts";

/** Test money for the wallet that is signed in, on a localnet. */
export function useFaucet(onGift?: () => void) {
  const { mutate, isPending, data, error } = trpc.credits.faucet.useMutation({ onSuccess: () => onGift?.() });
  return {
    ask: () => mutate(),
    asking: isPending,
    gift: data,
    problem: error ? problemOf(error) : null,
  };
}
