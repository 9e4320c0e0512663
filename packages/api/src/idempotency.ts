import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import type { JobStore } from "./jobs/store.ts";
import { seal, sha256, unseal } from "./jobs/tokens.ts";

export interface Answer {
  status: number;
  body: unknown;
}

const Note = z.object({
  request: z.string(), // hash of what was asked
  answer: z.string().nullable(), // sealed: it may hold a token; null while the request runs
});
const RUNNING_MS = 120_000;
const KEEP_MS = 24 * 3_600_000;

/**
 * Answers a repeated request as the first time (draft-ietf-httpapi-idempotency-key-header-07). The key counts per caller and path.
 * A 5xx is not kept: the caller may try again.
 * @throws KangKlipError UNPROCESSABLE for the same key with another request, CONFLICT while the first one still runs
 */
export async function once(
  { store, secret }: { store: JobStore; secret: Buffer },
  request: { key: string; caller: string; path: string; body: unknown },
  perform: () => Promise<Answer>,
): Promise<Answer> {
  if (request.key.length > 200) throw new KangKlipError("INVALID_INPUT", "Idempotency-Key is too long");
  const noteKey = `idempotency:${sha256(JSON.stringify([request.caller, request.path, request.key]))}`;
  const asked = sha256(JSON.stringify(request.body ?? null));
  const running = JSON.stringify({ request: asked, answer: null });
  if (!(await store.remember(noteKey, running, RUNNING_MS))) {
    const text = await store.recall(noteKey);
    if (text !== undefined) return repeated(Note.parse(JSON.parse(text)), asked, secret);
  }
  const answer = await perform();
  if (answer.status >= 500) await store.take(noteKey);
  else {
    const sealed = seal(secret, JSON.stringify(answer));
    await store.note(noteKey, JSON.stringify({ request: asked, answer: sealed }), KEEP_MS);
  }
  return answer;
}

function repeated(note: z.infer<typeof Note>, asked: string, secret: Buffer): Answer {
  if (note.request !== asked)
    throw new KangKlipError("UNPROCESSABLE", "This Idempotency-Key was used for another request");
  if (note.answer === null)
    throw new KangKlipError("CONFLICT", "The first request with this Idempotency-Key still runs");
  return JSON.parse(unseal(secret, note.answer));
}
