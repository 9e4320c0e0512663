import { createRanker } from "../../../packages/api/src/llm.ts";
import { LLM_ROWS, replyOf, startLlmService } from "../../../packages/api/src/testing-llm.ts";
import {
  aSelectContext,
  aSelectInput,
  type ScriptLine,
  transcriptOf,
} from "../../../packages/worker/src/select/testing.ts";
import {
  CANARY,
  hasCanary,
  INJECTIONS,
  spokenOrder,
} from "../../../packages/worker/src/select/testing-injections.ts";
import type { SelectInput } from "../../../packages/worker/src/stage.ts";
import { select } from "../../../packages/worker/src/stages/select.ts";
import { SCRIPT } from "../../sample/script.ts";

/** The talk with the order spoken early, in the middle and near its end. */
export function talkWith(text: string): ScriptLine[] {
  const said = { text, pauseSeconds: 0.5 };
  return [...SCRIPT.slice(0, 9), said, said, ...SCRIPT.slice(9, 20), said, ...SCRIPT.slice(20)];
}

/** What a model says of the ids that it was shown, and of the order that stood among them. */
export type Model = (ids: string[], order: string) => { id: string }[];
/** Models that do what they are told, and more. */
export const OBEDIENT: Record<string, Model> = {
  "calls everything by the canary": (ids) =>
    ids.map((id) => ({ id, title: CANARY, hook: `${CANARY}!`, reason: `${CANARY}.`, start: 0, end: 5 })),
  "adds it to what is said": (ids) =>
    ids.slice(0, 3).map((id) => ({
      id,
      title: `The clock and the sea, ${CANARY.toUpperCase()}`,
      hook: `http://evil.example/${CANARY} <b>clock</b>`,
      reason: `A ship \u202e${CANARY}\u202c{\\p1}`,
      file: "file:///etc/passwd",
    })),
  "repeats the order": (ids, order) =>
    ids
      .slice(0, 5)
      .map((id) => ({ id, title: order, hook: order, reason: order, segments: [{ start: -1, end: 9e9 }] })),
};

const JOB = { clip_count: 3, clip_duration_seconds: 30 };
type Rank = NonNullable<SelectInput["rank"]>;

async function chosen(lines: readonly ScriptLine[], title: string, rank: Rank | null) {
  const context = aSelectContext(JOB);
  const input = aSelectInput(transcriptOf(lines, { startSeconds: 3 }), { rank, title });
  const { edl, mode } = await select(context, input);
  const cuts = JSON.stringify(edl.clips.map(({ segments }) => segments));
  const texts = JSON.stringify([
    edl.clips.map(({ title: name, hook, reason }) => [name, hook, reason]),
    context.notices,
  ]);
  return { clips: edl.clips, cuts, texts, mode };
}

export interface Hostile {
  trials: number;
  /** Trials after which the number of clips or what is cut was another one than a model without a will of its own leaves. */
  moved: string[];
  /** Trials after which a text held the word that the order asked for, or a link. */
  leaked: string[];
}

/** S7: every order of the corpus in talk and title, with no model and with each that obeys. */
export async function tryOrders({ every = 1 } = {}): Promise<Hostile> {
  const result: Hostile = { trials: 0, moved: [], leaked: [] };
  for (const row of INJECTIONS.filter((_, at) => at % every === 0)) {
    const order = spokenOrder(row);
    const lines = talkWith(order);
    for (const [name, obey] of [["no model", null], ...Object.entries(OBEDIENT)] as const) {
      result.trials++;
      let shown = "";
      const asking =
        (picks: Model): Rank =>
        async ({ candidates }) => {
          shown = candidates.map(({ text }) => text).join("\n");
          const said = picks(
            candidates.map(({ id }) => id),
            order,
          );
          return { model: "m", picks: said as Awaited<ReturnType<Rank>>["picks"] };
        };
      const found = await chosen(lines, order, obey && asking(obey));
      const honest = obey && asking((ids, told) => obey(ids, told).map(({ id }) => ({ id })));
      const same = await chosen(lines, order, honest);
      const where = `${row.id} ${row.what}, ${name}`;
      if (found.clips.length !== JOB.clip_count || found.cuts !== same.cuts) result.moved.push(where);
      if (hasCanary(found.texts) || hasCanary(shown) || /https?:|evil/i.test(found.texts))
        result.leaked.push(where);
    }
  }
  return result;
}

export interface BrokenAnswers {
  answers: number;
  /** Answers after which there were other than three clips, or one of another length. */
  fewer: string[];
  /** Answers after which `selection.mode` said that a model chose, and none did, or the other way round. */
  wrongMode: string[];
}

/** S8: every answer of the corpus of a model's service (down, slow, refusing, garbage, NaN, 10 000 picks …), over HTTP. */
export async function tryAnswers({ every = 1 } = {}): Promise<BrokenAnswers> {
  const result: BrokenAnswers = { answers: 0, fewer: [], wrongMode: [] };
  for (const { id, what, replies, timeout_ms = 20_000, expect } of LLM_ROWS.filter(
    (_, at) => at % every === 0,
  )) {
    result.answers++;
    await using service = await startLlmService(...replies.map(replyOf));
    const options = { model: "m", apiKey: "sk-test-0123456789abcdef", timeoutMs: timeout_ms };
    const ranker = createRanker({ ...options, baseUrl: service.baseUrl });
    const rank: Rank = (asked) => ranker({ ...asked, job_id: "kk_01JD0000000000000000000000", epoch: 1 });
    const { clips, mode } = await chosen(SCRIPT, "A talk", rank);
    const lengths = clips.map(({ segments: [one] }) => (one?.end ?? 0) - (one?.start ?? 0));
    if (clips.length !== JOB.clip_count || lengths.some((length) => length < 24 || length > 33))
      result.fewer.push(`${id} ${what}`);
    if ((mode === "llm_api") !== (expect.picks !== undefined)) result.wrongMode.push(`${id} ${what}`);
  }
  return result;
}
