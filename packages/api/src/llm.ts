import { randomBytes } from "node:crypto";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  KangKlipError,
  type RankAnswer,
  type RankInput,
  type TranslateAnswer,
  type TranslateInput,
} from "@kangklip/contract";
import { APICallError, generateText, type LanguageModelUsage, type ModelMessage, RetryError } from "ai";
import { instructionsFor, picksIn, questionOf, REPAIR, type Untold } from "./llm-answer.ts";
import {
  linesToTranslate,
  TRANSLATE_AGAIN,
  translationIn,
  translatorsInstructions,
} from "./llm-translate.ts";

/** More is no answer of ours, bytes. */
const ANSWER_LIMIT_BYTES = 1 << 20;
/** Tries after 408, 409, 429 and 5xx; the AI SDK waits as long as Retry-After says, else 2 s and 4 s. */
const RETRIES = 2;
/** How much of an unreadable answer is shown to the model again, characters. */
const SHOWN_AGAIN = 2000;

export interface LlmOptions {
  /** Of an OpenAI-compatible service: the part before `/chat/completions`. */
  baseUrl: string;
  model: string;
  /** Sent as a bearer token in a header; undefined for services on the own machine that ask for none. */
  apiKey: string | undefined;
  /** For the whole of a question, retries and repair included. */
  timeoutMs: number;
  /** US dollars for a million tokens, where the operator told them. */
  usdPerMtok?: { in: number; out: number } | undefined;
  fetch?: typeof globalThis.fetch;
}

/** A question to the model, and how its answer is read. */
interface Question<T> {
  /** Random: no text of others can contain it. */
  fence: string;
  instructions: string;
  question: string;
  /** Sent after an answer that could not be read, once. */
  repair: string;
  read(answer: string, untold: Untold): T | undefined;
}

/** What an answer took; null where the service does not say. */
interface Took {
  model: string;
  tokens_in: number | null;
  tokens_out: number | null;
  usd: number | null;
}

/**
 * Asks a language model behind any OpenAI-compatible endpoint.
 *
 * The model is asked for JSON in plain words and its text is read tolerantly: `response_format` is refused or ignored by many of the
 * servers people run (Gemma on Google's endpoint, older llama.cpp and Ollama models), and the answer has to be checked either way.
 * An unreadable answer is sent back once. A server that refuses the system message is asked once more with everything in one message.
 *
 * @returns a function that gives what was read; it throws KangKlipError UNAVAILABLE without a word of the service's own answer, or the
 *   reason of the caller's signal.
 */
function createAsker({
  baseUrl,
  model,
  apiKey,
  timeoutMs,
  usdPerMtok,
  fetch = globalThis.fetch,
}: LlmOptions) {
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
  ): Promise<{ text: string; usage: LanguageModelUsage }> {
    const options = { model: service(model), maxRetries: RETRIES, abortSignal };
    try {
      return await generateText({ ...options, instructions, messages });
    } catch (error) {
      if (!(APICallError.isInstance(error) && (error.statusCode === 400 || error.statusCode === 422)))
        throw error;
      const [question, ...rest] = messages;
      const inOne: ModelMessage = { role: "user", content: `${instructions}\n\n${question?.content}` };
      return generateText({ ...options, messages: [inOne, ...rest] });
    }
  }

  return async <T>(
    { fence, instructions, question, repair, read }: Question<T>,
    signal?: AbortSignal,
  ): Promise<Took & { read: T }> => {
    const stop = AbortSignal.any([AbortSignal.timeout(Math.ceil(timeoutMs)), ...(signal ? [signal] : [])]);
    const untold = { secrets: [fence, ...(apiKey ? [apiKey] : [])], instructions };
    const first: ModelMessage = { role: "user", content: question };
    try {
      const answer = await ask(instructions, [first], stop);
      const usages = [answer.usage];
      let found = read(answer.text, untold);
      if (found === undefined) {
        const shown = answer.text.slice(0, SHOWN_AGAIN) || "(nothing)";
        const again = await ask(
          instructions,
          [first, { role: "assistant", content: shown }, { role: "user", content: repair }],
          stop,
        );
        usages.push(again.usage);
        found = read(again.text, untold);
      }
      if (found === undefined)
        throw new KangKlipError("UNAVAILABLE", "The language model gave no answer that can be used");
      return { model, ...tookOf(usages, usdPerMtok), read: found };
    } catch (error) {
      signal?.throwIfAborted();
      throw unavailable(error, stop.aborted ? timeoutMs : undefined);
    }
  };
}

const newFence = () => randomBytes(12).toString("hex");

/** Ranking of candidates: known ids only, each once, whatever the model says. @throws as `createAsker` says */
export function createRanker(options: LlmOptions) {
  const ask = createAsker(options);
  return async (input: RankInput, signal?: AbortSignal): Promise<RankAnswer> => {
    const fence = newFence();
    const { read: picks, ...took } = await ask(
      {
        fence,
        instructions: instructionsFor(input, fence),
        question: questionOf(input, fence),
        repair: REPAIR,
        read: (answer, untold) => picksIn(answer, input, untold),
      },
      signal,
    );
    return { ...took, picks };
  };
}

/** Translation of captions: known lines only, each once; those that it left out are missing. @throws as `createAsker` says */
export function createTranslator(options: LlmOptions) {
  const ask = createAsker(options);
  return async (input: TranslateInput, signal?: AbortSignal): Promise<TranslateAnswer> => {
    const fence = newFence();
    const { read: lines, ...took } = await ask(
      {
        fence,
        instructions: translatorsInstructions(input, fence),
        question: linesToTranslate(input, fence),
        repair: TRANSLATE_AGAIN,
        read: (answer, untold) => translationIn(answer, input, untold),
      },
      signal,
    );
    return { ...took, lines };
  };
}

/** Services say what they like of their tokens: no question and no answer takes none, so what is no whole number from 1 on was not said. */
function tookOf(usages: readonly LanguageModelUsage[], usdPerMtok: LlmOptions["usdPerMtok"]) {
  const sum = (of: (usage: LanguageModelUsage) => unknown) => {
    const told = usages
      .map(of)
      .filter((tokens): tokens is number => Number.isSafeInteger(tokens) && Number(tokens) > 0);
    const all = told.reduce((total, tokens) => total + tokens, 0);
    return told.length > 0 && Number.isSafeInteger(all) ? all : null;
  };
  const tokens_in = sum(({ inputTokens }) => inputTokens);
  const tokens_out = sum(({ outputTokens }) => outputTokens);
  const isPriced = usdPerMtok && tokens_in !== null && tokens_out !== null;
  const usd = isPriced ? (tokens_in * usdPerMtok.in + tokens_out * usdPerMtok.out) / 1e6 : null;
  return { tokens_in, tokens_out, usd };
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
