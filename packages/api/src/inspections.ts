import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ERRORS,
  type FetchPolicy,
  InspectAnswer,
  type InspectOrder,
  KangKlipError,
  parseSourceUrl,
  type SourcePreview,
} from "@kangklip/contract";
import { RateLimitedError } from "./limits.ts";
import type { Logger } from "./log.ts";

/** A look that goes on, and for how many: when nobody waits any more, it ends. */
interface Running {
  work: Promise<InspectAnswer>;
  askers: number;
  stop: AbortController;
}

interface InspectionsOptions {
  /** The program that looks (worker/src/inspect/main.ts): one line of JSON in, one out. */
  command: readonly string[];
  /** Its environment: never a secret. */
  env: Readonly<Record<string, string>>;
  fetchPolicy: FetchPolicy;
  log: Logger;
  /** Tests are less patient (ms). */
  patience?: Partial<typeof PATIENCE>;
}

const PATIENCE = {
  /** The program ends by itself then. */
  withinMs: 12_000,
  askToEndMs: 13_500,
  killMs: 15_000,
  /** For a place. */
  waitMs: 5000,
};
const AT_ONCE = 2;
const MOST_WAITING = 10;
const MOST_KEPT = 100; // of at most 120 kB each
const KEEP_MS = 10 * 60_000;
/** A refusal that will not pass by itself; a person may put their server right meanwhile. */
const KEEP_REFUSAL_MS = 60_000;
const MOST_OUTPUT = 400_000;
const AGAIN_SECONDS = 5;

/**
 * Looks at addresses before jobs are made of them. This process opens no connection and reads no media for it: a program of the worker
 * does, for at most 15 s, two at a time. What was found out is kept in memory for ten minutes.
 */
export function createInspections(options: InspectionsOptions) {
  const { command, env, fetchPolicy, log } = options;
  const patience = { ...PATIENCE, ...options.patience };
  const kept = new Map<string, { answer: InspectAnswer; until: number }>();
  const running = new Map<string, Running>();
  const children = new Set<ChildProcess>();
  const waiting: (() => void)[] = [];
  let free = AT_ONCE;
  let isClosed = false;

  /** @throws RateLimitedError where too many wait, or none of those before is done in time */
  async function place(): Promise<void> {
    if (free > 0) {
      free--;
      return;
    }
    if (waiting.length >= MOST_WAITING) throw new RateLimitedError(AGAIN_SECONDS);
    await new Promise<void>((resolve, reject) => {
      const mine = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(mine), 1);
        reject(new RateLimitedError(AGAIN_SECONDS));
      }, patience.waitMs);
      waiting.push(mine);
    });
  }

  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }

  async function look(url: string, gone: AbortSignal): Promise<InspectAnswer> {
    await place();
    if (gone.aborted) {
      leave();
      return UNWANTED;
    }
    const dir = await mkdtemp(join(tmpdir(), "kangklip-inspect-")).catch((error) => {
      leave();
      throw error;
    });
    try {
      return await answerOf({ url, fetch_policy: fetchPolicy, within_ms: patience.withinMs }, dir, gone);
    } finally {
      leave();
      await rm(dir, { recursive: true, force: true, maxRetries: 3 }).catch((err) =>
        log.warn({ err }, "a folder was left behind"),
      );
    }
  }

  /** Asked first: what it has started may have left its group, and only it knows. */
  function endSoon(child: ChildProcess): void {
    end(child, "SIGTERM");
    const late = setTimeout(end, patience.killMs - patience.askToEndMs, child, "SIGKILL");
    child.once("close", () => clearTimeout(late));
  }

  function answerOf(order: InspectOrder, cwd: string, gone: AbortSignal): Promise<InspectAnswer> {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      cwd,
      detached: true, // a group of its own: it is ended with all that it has started
      stdio: ["pipe", "pipe", "pipe"],
      env: { NODE_ENV: "production", ...env },
    });
    children.add(child);
    const onGone = () => endSoon(child);
    gone.addEventListener("abort", onGone, { once: true });
    let [said, heard] = ["", ""];
    const timers = [
      setTimeout(end, patience.askToEndMs, child, "SIGTERM"),
      setTimeout(end, patience.killMs, child, "SIGKILL"),
    ];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.length > MOST_OUTPUT) end(child, "SIGKILL");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      heard = (heard + text).slice(-2000);
    });
    child.stdin.on("error", () => {}); // it ended before it was asked
    child.stdin.write(`${JSON.stringify(order)}\n`); // left open: its end tells the program that nobody waits any more
    return new Promise((resolve) => {
      const done = (why: unknown) => {
        for (const timer of timers) clearTimeout(timer);
        children.delete(child);
        gone.removeEventListener("abort", onGone);
        if (child.pid !== undefined) end(child, "SIGKILL"); // what it may have left behind
        const answer = InspectAnswer.safeParse(jsonOf(said)).data;
        const isBroken = answer === undefined && !gone.aborted && !isClosed;
        if (isBroken || (answer?.ok === false && answer.code === "INTERNAL"))
          log.error({ why: String(why), stderr: heard }, "an address could not be looked at");
        resolve(answer ?? UNWANTED);
      };
      child.once("error", done);
      child.once("close", (code, signal) => done(signal ?? code));
    });
  }

  function keep(url: string, answer: InspectAnswer): void {
    if (!answer.ok && (answer.code === "INTERNAL" || ERRORS[answer.code].retry)) return;
    const until = performance.now() + (answer.ok ? KEEP_MS : KEEP_REFUSAL_MS);
    kept.delete(url);
    kept.set(url, { answer, until });
    const [oldest] = kept.keys();
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  }

  /** The look at an address that goes on, or a new one. */
  async function joined(url: string, signal: AbortSignal | undefined): Promise<InspectAnswer> {
    let one = running.get(url);
    if (!one || one.stop.signal.aborted) {
      const stop = new AbortController();
      const work = look(url, stop.signal);
      const made: Running = { work, askers: 0, stop };
      const over = () => void (running.get(url) === made && running.delete(url));
      work
        .then(
          (answer) => keep(url, answer),
          () => {},
        )
        .finally(over);
      running.set(url, made);
      one = made;
    }
    const { work, stop } = one;
    one.askers++;
    const leaves = () => {
      if (--one.askers === 0) stop.abort();
    };
    signal?.addEventListener("abort", leaves, { once: true });
    if (signal?.aborted) leaves();
    return work.finally(() => signal?.removeEventListener("abort", leaves));
  }

  return {
    /**
     * @param signal of whoever asks: a look that nobody waits for any more ends
     * @throws KangKlipError as a job of this address would, as far as that can be seen now; INVALID_INPUT, SOURCE_REFUSED for addresses that
     *   no job takes; RATE_LIMITED where many are being looked at
     */
    async inspect(address: string, signal?: AbortSignal): Promise<SourcePreview> {
      const parsed = parseSourceUrl(address, fetchPolicy);
      parsed.hash = ""; // which no server sees
      const url = parsed.href;
      if (isClosed) throw new KangKlipError("UNAVAILABLE", "The service is about to end");
      const known = kept.get(url);
      const answer = known && known.until > performance.now() ? known.answer : await joined(url, signal);
      if (answer.ok) return answer.preview;
      throw new KangKlipError(answer.code, answer.message);
    },

    /** Ends all that is going on. */
    close(): void {
      isClosed = true;
      for (const child of children) endSoon(child);
    },
  };
}

/** What is said where nothing was found out. */
const UNWANTED: InspectAnswer = {
  ...{ ok: false, code: "SOURCE_UNREACHABLE", message: "The address could not be looked at in time" },
};

function end(child: ChildProcess, how: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, how);
  } catch {
    // all of it is gone
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
