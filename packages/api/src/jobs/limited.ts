import { type ComputeProvider, type LaunchRef, ProviderError } from "@kangklip/providers";

/** How long a provider is waited for (ms): shorter than it takes until a submission is taken up again. */
export const CALL_MS = 30_000;

/** After so many calls in a row that nobody answered the others are refused at once, so that they do not all wait in vain. */
const SILENT_CALLS = 3;
/** Then one call tries after this time (ms), as long as it goes on. */
const TRY_AGAIN_MS = 15_000;

/**
 * The provider, but no call to it lasts longer than `ms`: one that hangs holds up nobody, and who is asked in vain again and again is
 * asked by one caller at a time. A submission that is given up is AMBIGUOUS, and
 * where its answer comes later all the same, `late` is given it.
 */
export function limited(
  provider: ComputeProvider,
  { ms = CALL_MS, late }: { ms?: number; late: (launchKey: string, answer: LaunchRef) => void },
): ComputeProvider {
  let silent = 0;
  let triedAgain = 0; // when, on the clock of performance.now()

  function mayAsk(): void {
    if (silent < SILENT_CALLS) return;
    if (performance.now() < triedAgain + TRY_AGAIN_MS)
      throw new ProviderError("UNAVAILABLE", provider.id, `${provider.id} has not answered for a while`);
    triedAgain = performance.now();
  }

  async function inTime<T>(
    call: (signal: AbortSignal) => Promise<T>,
    {
      kind = "UNAVAILABLE",
      from,
    }: { kind?: "UNAVAILABLE" | "AMBIGUOUS"; from?: AbortSignal | undefined } = {},
  ): Promise<T> {
    mayAsk();
    const ended = new AbortController();
    const tooLong = Promise.withResolvers<never>();
    const give = () =>
      tooLong.reject(new ProviderError(kind, provider.id, `${provider.id} did not answer in ${ms / 1000} s`));
    const timer = setTimeout(() => {
      silent++;
      triedAgain = performance.now();
      give(); // before the abort: its own error would say less
      ended.abort();
    }, ms);
    try {
      const signal = from ? AbortSignal.any([from, ended.signal]) : ended.signal;
      const answer = call(signal);
      answer.then(heard, heard);
      return await Promise.race([answer, tooLong.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  const heard = () => {
    silent = 0;
  };

  return {
    ...provider,
    probe: (signal) =>
      inTime((limit) => provider.probe(limit), { from: signal }).catch((error: Error) => ({
        ok: false,
        detail: error.message,
      })),
    offers: (requirements, from) => inTime((signal) => provider.offers(requirements, signal), { from }),
    async submit(spec, from) {
      let waits = true;
      try {
        return await inTime(
          (signal) => {
            const answer = provider.submit(spec, signal);
            answer.then((ref) => waits || late(spec.launchKey, ref)).catch(() => {});
            return answer;
          },
          { kind: "AMBIGUOUS", from },
        );
      } finally {
        waits = false;
      }
    },
    find: (launchKey, from) => inTime((signal) => provider.find(launchKey, signal), { from }),
    observe: (ref, from) => inTime((signal) => provider.observe(ref, signal), { from }),
    cancel: (ref, options, from) => inTime((signal) => provider.cancel(ref, options, signal), { from }),
    logs: (ref, options, from) => inTime((signal) => provider.logs(ref, options, signal), { from }),
    release: (ref, from) => inTime((signal) => provider.release(ref, signal), { from }),
    async *list(from) {
      const launches = provider.list(from)[Symbol.asyncIterator]();
      for (;;) {
        const next = await inTime(() => launches.next());
        if (next.done) return;
        yield next.value;
      }
    },
  };
}
