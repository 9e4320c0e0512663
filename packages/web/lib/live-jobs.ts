import { type JobId, JobView } from "@kangklip/contract";
import { z } from "zod";

/**
 * A browser has six connections to one HTTP/1.1 address, for all its tabs together, and an event stream keeps one as long as it lives.
 * So of all tabs with one job a single one holds its stream (a Web Lock says which) and tells the others what it hears
 * (BroadcastChannel), and there are no more than `MAX_STREAMS` in the whole browser. A tab that hears of its job in neither way asks
 * for it every few seconds.
 */
export const MAX_STREAMS = 3;

/** How a tab hears of its job: by a stream of its own, by another tab, or not at all, so that it has to ask. */
export type Hearing = "stream" | "others" | "none";
/** In front or in the back: a tab that wants no stream says false. */
export type Wish = "front" | "back" | false;

/** Between tabs: who is new asks, who has the stream answers, and says every few seconds that it is there and whether it gets through. */
const Said = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("hello") }),
  z.object({ kind: z.literal("beat"), well: z.boolean() }),
  z.object({ kind: z.literal("view"), view: JobView }),
]);
type Said = z.infer<typeof Said>;

interface LiveJobOptions {
  jobId: JobId;
  /** Tabs that see the same of the job: its owner's see more than others. Null: no other tab may see what this one does. */
  circle: "owner" | "anyone" | null;
  /** Both undefined where the browser has no such thing: then the tab in front has a stream of its own. */
  locks: LockManager | undefined;
  openChannel: ((name: string) => BroadcastChannel) | undefined;
  onHearing: (hearing: Hearing) => void;
  /** A view that another tab heard of. */
  onView: (view: JobView) => void;
  /** Milliseconds. */
  times?: Partial<typeof TIMES>;
}

const TIMES = {
  /** How often the tab with the stream says that it is there. */
  beat: 3000,
  /** Silence after which it is taken for frozen. */
  silent: 10_000,
  /** How often a tab looks for a free place among the streams. */
  look: 3000,
};

export type LiveJob = ReturnType<typeof createLiveJob>;

/** One tab's part in this, for one job; it begins with `want`. */
export function createLiveJob(options: LiveJobOptions) {
  const { jobId, circle, onHearing, onView } = options;
  const times = { ...TIMES, ...options.times };
  const name = `kk:events:${jobId}:${circle}`;
  const channel = options.locks && circle !== null ? options.openChannel?.(name) : undefined;
  let locks = options.locks;
  let wish: Wish = false;
  let hearing: Hearing = "none";
  let candidacy: { end: () => void } | undefined;
  let [leads, hasSlot, isWell, hearsOthers] = [false, false, false, false];
  let newest: JobView | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;

  function update() {
    const alone: Hearing = wish === "front" ? "stream" : "none";
    const next = locks ? (hasSlot ? "stream" : !leads && hearsOthers ? "others" : "none") : alone;
    if (next === hearing) return;
    hearing = next;
    onHearing(hearing);
  }

  const say = (said: Said) => channel?.postMessage(said);

  function hear({ data }: { data: unknown }) {
    const { data: said } = Said.safeParse(data);
    if (!said) return; // of another release
    if (said.kind === "hello") {
      if (!leads) return;
      if (newest) say({ kind: "view", view: newest });
      return say({ kind: "beat", well: isWell });
    }
    if (leads) return;
    if (said.kind === "view" && said.view.job_id !== jobId) return;
    hearsOthers = said.kind === "view" || said.well;
    awaitSilence();
    if (said.kind === "view") onView(said.view);
    update();
  }

  function awaitSilence() {
    clearTimeout(silence);
    silence = setTimeout(() => {
      hearsOthers = false;
      update();
      if (wish !== "front" || leads || !candidacy) return;
      candidacy.end(); // whoever has the lock sleeps: a tab that is looked at takes it away
      candidacy = stand(true);
      awaitSilence();
    }, times.silent);
  }

  /** Stands in line for the job's lock, or takes it at once; until it is ended, or taken away. */
  function stand(steal: boolean) {
    const line = new AbortController();
    const term = new AbortController();
    const mine = {
      end() {
        term.abort();
        line.abort();
      },
    };
    if (!channel) {
      lead(term.signal); // nobody to share with
      return mine;
    }
    locks
      ?.request(name, steal ? { steal } : { signal: line.signal }, () => {
        if (term.signal.aborted) return;
        lead(term.signal);
        return over(term.signal);
      })
      .catch(noLocks)
      .finally(() => {
        term.abort();
        if (candidacy !== mine) return;
        candidacy = wish && locks ? stand(false) : undefined;
        awaitSilence();
      });
    return mine;
  }

  /** Locks that a browser has, but refuses to pages like this one, are as good as none. */
  function noLocks(error: unknown) {
    if (!(error instanceof DOMException && error.name === "AbortError")) locks = undefined;
    update();
  }

  function lead(term: AbortSignal) {
    leads = true;
    clearTimeout(silence);
    const beat = () => say({ kind: "beat", well: isWell });
    const timer = setInterval(beat, times.beat);
    term.addEventListener("abort", () => {
      clearInterval(timer);
      [leads, hasSlot, hearsOthers] = [false, false, false];
      update();
    });
    if (newest) say({ kind: "view", view: newest });
    beat();
    update();
    void takeSlot(term);
  }

  async function takeSlot(term: AbortSignal) {
    while (!term.aborted && locks) {
      for (let slot = 0; slot < MAX_STREAMS; slot++) {
        if (!(await isFree(`kk:events:slot:${slot}`, term))) continue;
        if (term.aborted) return;
        hasSlot = true;
        return update();
      }
      await new Promise((wait) => setTimeout(wait, times.look));
    }
  }

  /** Whether a slot was free; if so it is kept until the term is over. */
  const isFree = (slot: string, term: AbortSignal) =>
    new Promise<boolean>((known) => {
      locks
        ?.request(slot, { ifAvailable: true }, (lock) => {
          known(lock !== null);
          if (lock && !term.aborted) return over(term);
        })
        .catch((error) => {
          noLocks(error);
          known(false);
        });
    });

  channel?.addEventListener("message", hear);

  return {
    /** Whether the tab wants to hear of the job by a stream, now. */
    want(next: Wish) {
      const before = wish;
      wish = next;
      if (locks && next && !candidacy) {
        if (before === false) say({ kind: "hello" });
        candidacy = stand(false);
        awaitSilence();
      } else if (!next) {
        candidacy?.end();
        candidacy = undefined;
      }
      update();
    },
    /** Tells the other tabs what this one knows, if that is its part. */
    tell(view: JobView) {
      newest = view;
      if (leads) say({ kind: "view", view });
    },
    /** Whether this tab gets through to the API: where it does not, the others try by themselves. */
    gets(through: boolean) {
      if (through === isWell) return;
      isWell = through;
      if (leads) say({ kind: "beat", well: isWell });
    },
    stop() {
      wish = false;
      candidacy?.end();
      candidacy = undefined;
      clearTimeout(silence);
      channel?.close();
    },
  };
}

/** Resolves when a term is over. */
const over = (term: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (term.aborted) resolve();
    else term.addEventListener("abort", () => resolve());
  });
