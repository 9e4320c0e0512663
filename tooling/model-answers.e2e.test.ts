import { describe, expect, test } from "vitest";
import { createRanker } from "../packages/api/src/llm.ts";
import { type Asked, LLM_ROWS, replyOf, says, startLlmService } from "../packages/api/src/testing-llm.ts";
import { runs } from "../packages/worker/src/captions/testing-texts.ts";
import {
  aSelectContext,
  aSelectInput,
  type ScriptLine,
  transcriptOf,
} from "../packages/worker/src/select/testing.ts";
import {
  DISGUISES,
  hasCanary,
  INJECTIONS,
  spokenOrder,
  WRAPPINGS,
} from "../packages/worker/src/select/testing-injections.ts";
import { select } from "../packages/worker/src/stages/select.ts";
import { type Model, OBEDIENT, talkWith } from "./bench/selection/hostile.ts";
import { SCRIPT } from "./sample/script.ts";

// From the service's answer to the EDL: the api's ranking and the worker's selection, as they run in production but for the way between
// them. It stands here because neither package may import the other.

const KEY = "sk-test-0123456789abcdef";
const JOB = { clip_count: 3, clip_duration_seconds: 30 };
const UNSEEN = /[\p{Cc}\p{Co}\u2028\u2029\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;

interface Chosen {
  lines?: readonly ScriptLine[];
  title?: string;
  /** Of the service; null: there is none. */
  baseUrl: string | null;
  timeoutMs?: number;
}

async function chosen({
  lines = SCRIPT,
  title = "The clock that found the sea",
  baseUrl,
  timeoutMs = 20_000,
}: Chosen) {
  const context = aSelectContext(JOB);
  const ranker = baseUrl && createRanker({ baseUrl, model: "some-model", apiKey: KEY, timeoutMs });
  const rank = ranker
    ? (asked: Omit<Parameters<typeof ranker>[0], "job_id" | "epoch">) =>
        ranker({ ...asked, job_id: context.job.job_id, epoch: 1 })
    : null;
  const transcript = transcriptOf(lines, { startSeconds: 3 });
  const selection = await select(context, aSelectInput(transcript, { rank, title }));
  const { clips } = selection.edl;
  return { ...selection, clips, notices: context.notices, logged: context.logged };
}

/** What must hold of any selection, whatever a model has said. */
function expectOurs({ clips, selector, notices, logged }: Awaited<ReturnType<typeof chosen>>): void {
  expect(clips).toHaveLength(JOB.clip_count);
  expect(new Set(clips.map(({ title }) => title)).size).toBe(JOB.clip_count);
  for (const { title, hook, reason, segments, words } of clips) {
    const [{ start = Number.NaN, end = Number.NaN } = {}] = segments;
    expect(end - start >= 24 && end - start <= 33, `${end - start} s`).toBe(true);
    expect([segments.length, words[0] && words[0].start >= start]).toEqual([1, true]);
    for (const [line, limit] of [
      [title, 60],
      [hook, 90],
      [reason, 240],
    ] as const) {
      expect(Array.from(line).length).toBeLessThanOrEqual(limit);
      expect(line).not.toMatch(UNSEEN);
      expect(line).not.toMatch(/[<>{}[\]\\|`]|https?:|file:|javascript:|www\.|evil|^$/i);
    }
  }
  expect(JSON.stringify([clips, selector, notices, logged])).not.toContain(KEY);
}

const own = await chosen({ baseUrl: null });

describe("every answer of the corpus leads to as many clips of the same lengths", () => {
  test.each(LLM_ROWS)(
    "$id $what",
    { timeout: 60_000 },
    async ({ replies, timeout_ms = 20_000, expect: expected }) => {
      await using service = await startLlmService(...replies.map(replyOf));
      const found = await chosen({ baseUrl: service.baseUrl, timeoutMs: timeout_ms });
      expectOurs(found);
      expect(found.mode).toBe(expected.picks ? "llm_api" : "heuristic");
      if (!expected.picks) {
        expect(JSON.stringify(found.edl)).toBe(JSON.stringify(own.edl));
        expect(found.notices).toHaveLength(1);
        expect(found.notices[0]).toContain("so the clips were chosen by KangKlip's own rules");
      }
    },
  );
});

const idsIn = ({ messages }: Asked): string[] =>
  (messages.at(-1)?.content ?? "")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line).id);

async function expectUnmoved(order: string, disobeys: Model, title: string) {
  await using service = await startLlmService(
    says((asked) => JSON.stringify({ picks: disobeys(idsIn(asked), order) })),
  );
  await using honest = await startLlmService(
    says((asked) => JSON.stringify({ picks: disobeys(idsIn(asked), order).map(({ id }) => ({ id })) })),
  );
  const lines = talkWith(order);
  const found = await chosen({ lines, title, baseUrl: service.baseUrl });
  const same = await chosen({ lines, title, baseUrl: honest.baseUrl });
  expectOurs(found);
  expect(found.mode).toBe("llm_api");
  // what is cut is what a model without a will of its own would have cut with these ids
  expect(found.clips.map(({ segments }) => segments)).toEqual(same.clips.map(({ segments }) => segments));
  const texts = found.clips.map(({ title: name, hook, reason }) => [name, hook, reason]);
  const written = JSON.stringify([texts, found.selector, found.notices, found.logged]);
  expect(hasCanary(written), written).toBe(false);
  const shown = service.asked.flatMap(({ messages }) => messages.map(({ content }) => content)).join("\n");
  return { shown };
}

describe("a transcript and a title that give orders", () => {
  test("ids are unique, and there are enough of them", () => {
    expect(new Set(INJECTIONS.map(({ id }) => id)).size).toBe(INJECTIONS.length);
    expect(INJECTIONS.length).toBeGreaterThanOrEqual(40);
  });

  for (const row of INJECTIONS)
    test(`${row.id} ${row.what}: models that obey change neither cuts nor words`, {
      timeout: 60_000,
    }, async () => {
      const order = spokenOrder(row);
      const alone = await chosen({ lines: talkWith(order), title: order, baseUrl: null });
      expectOurs(alone);
      const texts = JSON.stringify([
        alone.clips.map(({ title, hook, reason }) => [title, hook, reason]),
        alone.notices,
      ]);
      expect(hasCanary(texts), texts).toBe(false);
      for (const obey of Object.values(OBEDIENT)) {
        const { shown } = await expectUnmoved(order, obey, order);
        expect(hasCanary(shown), "the canary was shown to the model").toBe(false);
      }
    });

  /** 15 disguises and 5 wrappings of every row: a few of them, and KK_LONG times as many in the long form (331: all). */
  test("however they are disguised and wrapped", { timeout: 60_000 * runs(1) }, async () => {
    const all = INJECTIONS.flatMap((row) =>
      (Object.keys(DISGUISES) as (keyof typeof DISGUISES)[]).flatMap((disguise) =>
        WRAPPINGS.map((wrapping) => ({ id: row.id, disguise, order: spokenOrder(row, disguise, wrapping) })),
      ),
    );
    const wanted = all.filter((_, at) => at % Math.ceil(331 / runs(1)) === 0);
    const moved: string[] = [];
    for (const { id, disguise, order } of wanted) {
      const [first] = Object.values(OBEDIENT);
      const obey = Object.values(OBEDIENT)[order.length % 3] ?? first;
      if (obey)
        await expectUnmoved(order, obey, order).catch((error: Error) =>
          moved.push(`${id} as ${disguise}: ${order.slice(0, 100)}: ${error.message.slice(0, 300)}`),
        );
    }
    expect(moved).toEqual([]);
    expect(wanted.length).toBeGreaterThan(10);
  });
});
