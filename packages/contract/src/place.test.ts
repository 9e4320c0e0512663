import { expect, test } from "vitest";
import { attemptText, placeText, priceText, usdText, whyThere } from "./place.ts";

test.each([
  [0, "$0.00"],
  [0.0004, "under $0.001"],
  [0.0123, "$0.012"],
  [0.21, "$0.21"],
  [12, "$12.00"],
])("%d US dollars are told as %j", (usd, text) => expect(usdText(usd)).toBe(text));

test("a price that nobody knows is not told as nothing", () => {
  expect([priceText(0), priceText(0.048), priceText(null)]).toEqual([
    "$0.00/h",
    "$0.048/h",
    "price not known",
  ]);
});

test("a place is told by its provider, its GPU or else its name, and its price", () => {
  const market = { label: "RTX 3090 market", gpu: "NVIDIA RTX 3090", usd_per_hour: 0.13 };
  expect(placeText("nosana", market)).toBe("nosana · NVIDIA RTX 3090 · $0.13/h");
  expect(placeText("process", { label: "this machine", gpu: null, usd_per_hour: 0 })).toBe(
    "process · this machine · $0.00/h",
  );
  expect(placeText("docker", null)).toBe("docker");
});

test("an attempt is told by what it does, and by what became of it", () => {
  expect(attemptText({ state: "SUBMITTED", outcome: null })).toBe("waiting for its worker");
  expect(attemptText({ state: "FINISHED", outcome: "WORKER_LOST" })).toBe("WORKER_LOST");
});

test("the reason of a first choice is not worth telling", () => {
  expect([null, "first choice", "best of 2 offers"].map(whyThere)).toEqual([null, null, null]);
  expect(whyThere("docker is full; best of 2 offers")).toBe("docker is full; best of 2 offers");
});
