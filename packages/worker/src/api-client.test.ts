import { setTimeout as sleep } from "node:timers/promises";
import { aJobSpec } from "@kangklip/contract/testing";
import { expect, test } from "vitest";
import { createApiClient } from "./api-client.ts";
import { type Answer, PULSE, problem, startApiPlace, until } from "./testing-api.ts";

const CLAIM = {
  launch_key: "kk-01jd0000000000000000000000-e1",
  claim_token: "kkc_token",
  instance_nonce: "a-nonce-of-this-process",
  contract_version: 1,
};
const CLAIMED = {
  attempt_token: "kka_token",
  job: aJobSpec(),
  heartbeat_seconds: 10,
  deadline: "2030-01-01T00:00:00Z",
};
const SAID = { job_id: aJobSpec().job_id, epoch: 1 };
const REPORT = {
  ...SAID,
  status: "RUNNING",
  seq: 1,
  stage: "RENDER",
  stage_progress: 0,
  message: null,
} as const;
const never = new AbortController().signal;

const clientOf = ({ url }: { url: string }) => createApiClient({ baseUrl: url });

test("what was claimed is said with the attempt's token from then on", async () => {
  await using place = await startApiPlace(({ path }) => ({ body: path === "claim" ? CLAIMED : PULSE }));
  const api = clientOf(place);
  expect(await api.claim(CLAIM, never)).toEqual(CLAIMED);
  expect(await api.heartbeat(SAID)).toEqual(PULSE);
  expect(place.asked).toMatchObject([
    { path: "claim", body: CLAIM, token: undefined },
    { path: "heartbeat", body: SAID, token: "kka_token" },
  ]);
});

test.each<[string, Answer]>([
  ["is busy", problem(503, "UNAVAILABLE")],
  ["has a bug", problem(500, "INTERNAL")],
  ["wants to be asked less often", problem(429, "RATE_LIMITED")],
  ["stands behind a gateway that says so", { status: 502, text: "<html>Bad gateway" }],
  ["breaks off in the middle of its answer", { body: CLAIMED, cut: true }],
])("a claim is made again, with the same nonce, while the API %s", async (_name, answer) => {
  await using place = await startApiPlace((_asked, count) => (count === 1 ? answer : { body: CLAIMED }));
  await clientOf(place).claim(CLAIM, never);
  expect(place.bodies("claim")).toEqual([CLAIM, CLAIM]);
});

test("a claim waits for an API that is not there yet", async () => {
  const { port, [Symbol.asyncDispose]: gone } = await startApiPlace(() => ({}));
  await gone();
  const claimed = createApiClient({ baseUrl: `http://127.0.0.1:${port}` }).claim(CLAIM, never);
  await sleep(300);
  await using _place = await startApiPlace(() => ({ body: CLAIMED }), port);
  expect(await claimed).toEqual(CLAIMED);
});

test.each([
  ["FENCED", 409],
  ["UNAUTHORIZED", 401],
  ["CONFLICT", 409],
  ["INVALID_INPUT", 400],
])("a refusal (%s) is passed on at once, in the API's words", async (code, status) => {
  await using place = await startApiPlace(() => problem(status, code, "because"));
  await expect(clientOf(place).report(REPORT, { patient: true })).rejects.toMatchObject({
    name: "KangKlipError",
    code,
    message: "because",
  });
  expect(place.asked).toHaveLength(1);
});

test("an answer that is none of this contract, or a refusal without a code, is not asked for again", async () => {
  await using place = await startApiPlace((_asked, count) =>
    count === 1 ? { body: { cancel: "yes" } } : { status: 404, text: "Not here" },
  );
  const api = clientOf(place);
  await expect(api.report(REPORT, { patient: true })).rejects.toThrow("cancel");
  await expect(api.report(REPORT, { patient: true })).rejects.toThrow("The API answered 404");
  expect(place.asked).toHaveLength(2);
});

test("a heartbeat and a progress report are not repeated: the next one follows anyway", async () => {
  await using place = await startApiPlace(() => problem(503, "UNAVAILABLE"));
  const api = clientOf(place);
  await expect(api.heartbeat(SAID)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(api.report(REPORT, { patient: false })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(place.asked).toHaveLength(2);
});

test("a language model is asked once, for another try costs again; what it says comes back as it is", async () => {
  const lines = [{ id: "1.1", text: "Nobody came." }];
  const answer = {
    model: "m",
    tokens_in: 12,
    tokens_out: 5,
    usd: null,
    lines: [{ id: "1.1", text: "Tak ada yang datang." }],
  };
  await using place = await startApiPlace(({ path }, count) =>
    path === "translate" && count === 1 ? { body: answer } : problem(503, "UNAVAILABLE"),
  );
  const api = clientOf(place);
  expect(await api.translate({ ...SAID, language: "id", lines }, never)).toEqual(answer);
  expect(place.bodies("translate")).toEqual([{ ...SAID, language: "id", lines }]);
  const candidates = [{ id: "c1", text: "Nobody came.", score: 1 }];
  const asked = { ...SAID, count: 1, language: "id", candidates };
  await expect(api.translate({ ...SAID, language: "id", lines }, never)).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
  await expect(api.rank(asked, never)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect([place.bodies("translate").length, place.bodies("rank")]).toEqual([2, [asked]]);
});

test("the end of the attempt ends the waiting at once", async () => {
  await using place = await startApiPlace(() => problem(503, "UNAVAILABLE"));
  const stop = new AbortController();
  const files = [{ name: "edl.json" as const, size_bytes: 1, sha256: "0".repeat(64) }];
  const waiting = clientOf(place).presign({ ...SAID, files }, stop.signal);
  const outcome = expect(waiting).rejects.toThrow("cancelled");
  await until(() => place.asked.length >= 2);
  const from = performance.now();
  stop.abort(new Error("cancelled"));
  await outcome;
  expect(performance.now() - from).toBeLessThan(200);
});
