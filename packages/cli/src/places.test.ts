import type { AttemptView, JobView, Quote, QuotedOffer } from "@kangklip/contract";
import { expect, test } from "vitest";
import { aligned, attemptLines, placeNews, quoteLines } from "./places.ts";

const plain = { bold: (text: string) => text, dim: (text: string) => text };
const RTX = { label: "RTX 4090 market", gpu: "NVIDIA RTX 4090", usd_per_hour: 0.4 };
const anAttempt = (over: Partial<AttemptView> = {}): AttemptView => ({
  epoch: 1,
  provider: "docker",
  node: null,
  state: "CLAIMED",
  started_at: "2026-01-01T12:00:00.000Z",
  ended_at: null,
  outcome: null,
  offer: { label: "GPU 0", gpu: "NVIDIA RTX 3060", usd_per_hour: 0 },
  usd: 0,
  reason: "first choice",
  ended_because: null,
  ...over,
});
const waiting = { state: "PLANNED", started_at: null } as const;
const aView = (attempts: AttemptView[], over: Partial<JobView> = {}) =>
  ({ status: "RUNNING", usd: 0, attempts, ...over }) as JobView;

test("where a job runs is told once, when a provider has taken it", () => {
  const asked = aView([anAttempt(waiting)]);
  expect(placeNews(undefined, asked)).toEqual([]);
  const taken = aView([anAttempt({ ...waiting, state: "SUBMITTED" })]);
  expect(placeNews(asked, taken)).toEqual(["on docker · NVIDIA RTX 3060 · $0.00/h"]);
  expect(placeNews(taken, aView([anAttempt()]))).toEqual([]);
  expect(placeNews(undefined, aView([anAttempt()]))).toHaveLength(1); // who comes later is told as well
});

test("a job that had to go elsewhere says why", () => {
  const full = anAttempt({ ...waiting, reason: null });
  const went = anAttempt({ provider: "nosana", offer: RTX, reason: "docker has no free GPU" });
  expect(placeNews(aView([full]), aView([went]))).toEqual([
    "on nosana · NVIDIA RTX 4090 · $0.40/h",
    "  because: docker has no free GPU",
  ]);
});

test("an attempt that another one follows says why it ended; the last one's end is the job's own", () => {
  const first = anAttempt();
  const lost = anAttempt({ state: "FINISHED", outcome: "WORKER_LOST", ended_because: "It went silent" });
  const next = anAttempt({ epoch: 2, ...waiting, provider: "", offer: null, reason: null });
  const retrying = aView([lost, next]);
  expect(placeNews(aView([first]), retrying)).toEqual(["attempt 1 on docker ended: It went silent"]);
  const again = aView([lost, anAttempt({ epoch: 2, provider: "nosana", offer: RTX })]);
  expect(placeNews(retrying, again)).toEqual(["on nosana · NVIDIA RTX 4090 · $0.40/h"]);
  expect(placeNews(aView([first]), aView([lost], { status: "FAILED" }))).toEqual([]);
});

test("each attempt of a job is told with its place, node, cost, reason and end", () => {
  const view = aView(
    [
      anAttempt({ state: "FINISHED", outcome: "WORKER_LOST", ended_because: "It went silent", usd: 0 }),
      anAttempt({
        epoch: 2,
        provider: "nosana",
        offer: RTX,
        node: "9xNode",
        usd: 0.0213,
        reason: "docker failed",
      }),
      anAttempt({ epoch: 3, ...waiting, provider: "", offer: null, usd: null, reason: null }),
    ],
    { usd: 0.0213 },
  );
  expect(attemptLines(view, plain)).toEqual([
    "  attempt 1: WORKER_LOST  docker · NVIDIA RTX 3060 · $0.00/h",
    "    cost $0.00",
    "    there because: first choice",
    "    ended because: It went silent",
    "  attempt 2: at work  nosana · NVIDIA RTX 4090 · $0.40/h",
    "    node 9xNode · cost $0.021",
    "    there because: docker failed",
    "  attempt 3: looking for a place  no place yet",
    "  all attempts: $0.021",
  ]);
});

test("a quote is a table with the place that would be taken, and a sentence", () => {
  const anOffer = (over: Partial<QuotedOffer>): QuotedOffer => ({
    ...{ provider: "docker", label: "GPU 0", gpu: "NVIDIA RTX 3060", vram_gb: 12, usd_per_hour: 0 },
    ...{ availability: "full", seconds: 1800, usd: 0, chosen: false, reason: "has no free GPU" },
    ...over,
  });
  const quote: Quote = {
    expected_seconds: null,
    offers: [
      anOffer({
        provider: "nosana",
        ...RTX,
        vram_gb: 24,
        availability: "unknown",
        usd: 0.2,
        chosen: true,
        reason: null,
      }),
      anOffer({}),
    ],
    message: "It would run on nosana",
    expires_at: "2026-01-01T12:00:00.000Z",
  };
  expect(quoteLines(quote, plain)).toEqual([
    "→  nosana  NVIDIA RTX 4090, 24 GB  $0.40/h  up to $0.20  may have a queue",
    "   docker  NVIDIA RTX 3060, 12 GB  $0.00/h  up to $0.00  full",
    "    has no free GPU",
    "",
    "It would run on nosana",
  ]);
  expect(quoteLines({ ...quote, offers: [] }, plain)).toEqual(["It would run on nosana"]);
});

test("a table without rows has no lines", () => expect(aligned([])).toEqual([]));
