import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import type { JobStore } from "./jobs/store.ts";
import { derivedIdentity, type Identity, seal, sha256, unseal } from "./jobs/tokens.ts";

/** One request that carries an `Idempotency-Key`. The key counts per caller and path. */
export interface Keyed {
  key: string;
  caller: string;
  path: string;
  input: unknown;
}

/** Answers a repeated request as the first time. `perform` is given what a job that it makes must be called. */
export type Once = (asked: Keyed, perform: (identity: Identity) => Promise<unknown>) => Promise<unknown>;

const Note = z.object({
  request: z.string(), // hash of what was asked
  born: z.number(), // ms since 1970: when the key was first seen; the made job's name comes from it
  since: z.number(), // ms since 1970: when somebody last began to answer; 0: nobody is at it
  answer: z.string().nullable(), // sealed: it may hold a token; null until there is one
});
type Note = z.infer<typeof Note>;

/** No request that makes something takes as long; whoever began earlier has died. */
const RUNNING_MS = 30_000;
const KEEP_MS = 24 * 3_600_000;
/** 1 to 255 visible ASCII characters: what a header can carry unchanged. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07), for one store. What was done is answered again for 24 hours; a
 * refusal is not kept, as it did nothing, nor is a failure: the caller may try again with the same key. A job that is made on the way
 * has its id and its token from the key, so whoever takes up a request whose process died makes the very same job.
 * Requests of this process that come while the first one still runs wait for its answer.
 * @param isRefusal whether an error says that nothing was done (a 4xx)
 * @returns a function that throws KangKlipError INVALID_INPUT for a key that is none, UNPROCESSABLE for the same key with another
 *   request, CONFLICT while another process answers the first one
 */
export function createOnce(options: {
  store: JobStore;
  secret: Buffer;
  isRefusal: (error: unknown) => boolean;
  now?: () => number;
}): Once {
  const { store, secret, isRefusal, now = Date.now } = options;
  const running = new Map<string, { request: string; answer: Promise<unknown> }>();
  const keep = (key: string, note: Note) => store.note(key, JSON.stringify(note), KEEP_MS);

  /** The claim under which this caller answers, or the answer that is there already. */
  async function claimed(key: string, request: string): Promise<Note> {
    for (;;) {
      const fresh: Note = { request, born: now(), since: now(), answer: null };
      if (await store.remember(key, JSON.stringify(fresh), KEEP_MS)) return fresh;
      const text = await store.recall(key);
      if (text === undefined) continue; // it expired just now
      const note = Note.parse(JSON.parse(text));
      if (note.request !== request) throw anotherRequest();
      if (note.answer !== null) return note;
      if (now() - note.since < RUNNING_MS)
        throw new KangKlipError("CONFLICT", "The first request with this Idempotency-Key still runs");
      const takenUp = { ...note, since: now() };
      await keep(key, takenUp);
      return takenUp;
    }
  }

  async function answered(key: string, request: string, perform: Parameters<Once>[1]): Promise<unknown> {
    const claim = await claimed(key, request);
    if (claim.answer !== null) return known(claim.answer);
    let answer: unknown;
    try {
      answer = await perform(derivedIdentity(secret, key, claim.born));
    } catch (error) {
      // The store may be what failed: then nobody waits for it again, and the claim runs out by itself.
      if (isRefusal(error)) await giveBack(key, claim).catch(() => {});
      else void keep(key, { ...claim, since: 0 }).catch(() => {});
      throw error;
    }
    // it is done, whether or not that can be noted: a repetition would find the same job
    await keep(key, { ...claim, answer: seal(secret, JSON.stringify(answer ?? null)) }).catch(() => {});
    return answer;
  }

  function known(answer: string): unknown {
    try {
      return JSON.parse(unseal(secret, answer));
    } catch (cause) {
      // it was done once, so it is not done again
      const message =
        "The answer to this Idempotency-Key was sealed with another SECRET and cannot be given again";
      throw new KangKlipError("CONFLICT", message, { cause });
    }
  }

  async function giveBack(key: string, claim: Note): Promise<void> {
    const taken = await store.take(key);
    if (taken !== undefined && taken !== JSON.stringify(claim)) await store.remember(key, taken, KEEP_MS); // somebody else's
  }

  return async (asked, perform) => {
    if (!KEY.test(asked.key))
      throw new KangKlipError(
        "INVALID_INPUT",
        "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces",
      );
    const key = `once:${sha256(JSON.stringify([asked.caller, asked.path, asked.key]))}`;
    const request = sha256(JSON.stringify(asked.input ?? null, sortedKeys));
    const first = running.get(key);
    if (first && first.request !== request) throw anotherRequest();
    if (first) return first.answer;
    const answer = answered(key, request, perform).finally(() => running.delete(key));
    running.set(key, { request, answer });
    return answer;
  };
}

const anotherRequest = () =>
  new KangKlipError("UNPROCESSABLE", "This Idempotency-Key was used for another request");

/** For JSON.stringify: the order of an object's keys says nothing. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
