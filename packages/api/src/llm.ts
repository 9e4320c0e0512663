import { randomBytes } from "node:crypto";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { KangKlipError, type RankAnswer, type RankInput } from "@kangklip/contract";
import { APICallError, generateText, type ModelMessage, RetryError } from "ai";
import { instructionsFor, picksIn, questionOf, REPAIR } from "./llm-answer.ts";

/** More is no answer of a ranking, bytes. */
const ANSWER_LIMIT_BYTES = 1 << 20;
/** Tries after 408, 409, 429 and 5xx; the AI SDK waits as long as Retry-After says, else 2 s and 4 s. */
const RETRIES = 2;
/** How much of an unreadable answer is shown to the model again, characters. */
const SHOWN_AGAIN = 2000;

export interface RankerOptions {
  /** Of an OpenAI-compatible service: the part before `/chat/completions`. */
  baseUrl: string;
  model: string;
  /** Sent as a bearer token in a header; undefined for services on the own machine that ask for none. */
  apiKey: string | undefined;
  /** For the whole ranking, retries and repair included. */
  timeoutMs: number;
  fetch?: typeof globalThis.fetch;
}

/**
 * Ranking of candidates by a language model behind any OpenAI-compatible endpoint.
 *
 * The model is asked for JSON in plain words and its text is read tolerantly: `response_format` is refused or ignored by many of the
 * servers people run (Gemma on Google's endpoint, older llama.cpp and Ollama models), and the answer has to be checked either way.
 * An unreadable answer is sent back once. A server that refuses the system message is asked once more with everything in one message.
 *
 * @returns a function that gives known ids only, each once; it throws KangKlipError UNAVAILABLE without a word of the service's own
 *   answer, or the reason of the caller's signal.
 */
export function createRanker({ baseUrl, model, apiKey, timeoutMs, fetch = globalThis.fetch }: RankerOptions) {
  const service = createOpenAICompatible({
    name: "llm",
    baseURL: chatBase(baseUrl),
    ...(apiKey ? { apiKey } : {}),
    fetch: guarded(fetch),
  });

  async function ask(
    instructions: string,
    messages: ModelMessage[],
    abortSignal: AbortSignal,
  ): Promise<string> {
    const options = { model: service(model), maxRetries: RETRIES, abortSignal };
    try {
      return (await generateText({ ...options, instructions, messages })).text;
    } catch (error) {
      if (!(APICallError.isInstance(error) && (error.statusCode === 400 || error.statusCode === 422)))
        throw error;
      const [question, ...rest] = messages;
      const inOne: ModelMessage = { role: "user", content: `${instructions}\n\n${question?.content}` };
      return (await generateText({ ...options, messages: [inOne, ...rest] })).text;
    }
  }

  return async (input: RankInput, signal?: AbortSignal): Promise<RankAnswer> => {
    const stop = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
    const fence = randomBytes(12).toString("hex");
    const instructions = instructionsFor(input, fence);
    const question: ModelMessage = { role: "user", content: questionOf(input, fence) };
    try {
      const answer = await ask(instructions, [question], stop);
      const untold = { secrets: [fence, ...(apiKey ? [apiKey] : [])], instructions };
      const picks =
        picksIn(answer, input, untold) ??
        picksIn(
          await ask(
            instructions,
            [
              question,
              { role: "assistant", content: answer.slice(0, SHOWN_AGAIN) || "(nothing)" },
              { role: "user", content: REPAIR },
            ],
            stop,
          ),
          input,
          untold,
        );
      if (!picks)
        throw new KangKlipError("UNAVAILABLE", "The language model gave no answer that can be used");
      return { model, picks };
    } catch (error) {
      signal?.throwIfAborted();
      throw unavailable(error, stop.aborted ? timeoutMs : undefined);
    }
  };
}

/** 1.x named Google's service by its origin alone; its OpenAI-compatible door is below /v1beta/openai. */
function chatBase(baseUrl: string): string {
  const { hostname, origin, pathname } = new URL(baseUrl);
  const isGoogles = hostname === "generativelanguage.googleapis.com" && !pathname.includes("/openai");
  return isGoogles ? `${origin}/v1beta/openai` : baseUrl;
}

/** Follows no redirect (the key would go along), reads a bounded answer, and does not retry where nobody listens. */
function guarded(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: "error" }).catch((error: unknown) => {
      if (init?.signal?.aborted) throw error;
      throw new KangKlipError("UNAVAILABLE", "The language model's service cannot be reached");
    });
    if (!response.body) return response;
    let bytes = 0;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes <= ANSWER_LIMIT_BYTES) controller.enqueue(chunk);
        else controller.error(new KangKlipError("UNAVAILABLE", "The language model's answer is too long"));
      },
    });
    return new Response(response.body.pipeThrough(counted), response);
  };
}

/** One sentence for the operator. The cause keeps a name and a status only: bodies may repeat the key or the transcript. */
function unavailable(error: unknown, timedOutMs: number | undefined): KangKlipError {
  if (error instanceof KangKlipError) return error;
  if (timedOutMs !== undefined)
    return new KangKlipError(
      "UNAVAILABLE",
      `The language model did not answer within ${timedOutMs / 1000} s`,
    );
  const last = RetryError.isInstance(error) ? error.lastError : error;
  const inner = last instanceof Error && last.cause instanceof KangKlipError ? last.cause : undefined;
  if (inner) return inner;
  const status = APICallError.isInstance(last) ? last.statusCode : undefined;
  const cause = new Error(`${last instanceof Error ? last.name : "unknown"} ${status ?? ""}`.trim());
  const says = (sentence: string) => new KangKlipError("UNAVAILABLE", sentence, { cause });
  if (status === 401 || status === 403)
    return says(`The language model's service refused the key (${status})`);
  if (status === 404) return says("The language model's service does not know this model or path (404)");
  if (status === 429) return says("The language model's service allows no more requests now (429)");
  if (status !== undefined && status >= 400) return says(`The language model's service answered ${status}`);
  return says("The language model gave no answer that can be used");
}
