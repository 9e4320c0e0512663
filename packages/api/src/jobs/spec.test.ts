import { expect, test } from "vitest";
import { wastedBefore, wishesOf } from "./spec.ts";
import { aStoredJob, story } from "./testing.ts";

test("what somebody wishes for reaches the worker, and where they wish for nothing the installation's language does", () => {
  const plain = wishesOf(aStoredJob(), "id");
  expect(plain).toMatchObject({ tighten: false, output_language: "id", about: null, edit: null });
  expect(plain).not.toHaveProperty("caption_preset");
  const wishes = {
    caption_preset: "pop",
    tighten: true,
    output_language: "pt-BR",
    about: "cats",
    language: "fr",
  } as const;
  expect(wishesOf(aStoredJob(1, wishes), "id")).toMatchObject(wishes);
});

test("of the attempts before only those of the present run are told, with what they took", () => {
  const told = story().running().after(30_000).failed().running();
  expect(wastedBefore(told.job, 2, told.now)).toEqual([
    { epoch: 1, provider: "process", outcome: "RENDER_FAILED", seconds: 30, usd: null },
  ]);
  expect(wastedBefore(told.job, 1, told.now)).toEqual([]);
  const again = told.failed("NO_VIDEO").retry();
  expect(wastedBefore(again.job, 3, again.now)).toEqual([]);
});
