import type { JobId } from "@kangklip/contract";
import { expect, test } from "vitest";
import { groupOf, isWanted, mergedJobs } from "./jobs-list.ts";

/** A job by its place in time. */
const job = (time: number) => `kk_${String(time).padStart(26, "0")}` as JobId;
const jobs = (...times: number[]) => times.map(job);
const all = { walletHasMore: false, shown: 10 };

test("jobs of the browser and of the wallet are one list, newest first, each once", () => {
  const { ids, more } = mergedJobs(jobs(5, 3, 1), jobs(4, 3, 2), all);
  expect(ids).toEqual(jobs(5, 4, 3, 2, 1));
  expect(more).toBe(false);
  expect(mergedJobs(jobs(5, 3, 1), jobs(4), { ...all, shown: 2 })).toEqual({
    ...{ ids: jobs(5, 4), more: true, askWallet: false },
  });
});

test("nothing older than what is known of the wallet is shown before the rest is known", () => {
  const part = { walletHasMore: true, shown: 10 };
  expect(mergedJobs(jobs(9, 1), jobs(8, 5), part)).toEqual({
    ...{ ids: jobs(9, 8, 5), more: true, askWallet: true },
  });
  expect(mergedJobs(jobs(9), [], part)).toEqual({ ids: [], more: true, askWallet: true });
  expect(mergedJobs(jobs(9, 1), jobs(8, 5), { ...part, shown: 2 })).toMatchObject({
    askWallet: false,
    more: true,
  });
});

test("an empty list has nothing more", () => {
  expect(mergedJobs([], [], all)).toEqual({ ids: [], more: false, askWallet: false });
});

test("jobs are found by group and by the words of their titles, whatever their case and accents", () => {
  const talk = { name: "Über die Bienen", state: "SUCCEEDED" } as const;
  expect(isWanted(talk, { group: "all", search: "" })).toBe(true);
  expect(isWanted(talk, { group: "ready", search: " bienen UBER " })).toBe(true);
  expect(isWanted(talk, { group: "failed", search: "" })).toBe(false);
  expect(isWanted(talk, { group: "all", search: "bienen wespen" })).toBe(false);
  expect(isWanted({ ...talk, state: null }, { group: "making", search: "" })).toBe(false);
});

test("each state has its group", () => {
  expect(groupOf("RETRYING")).toBe("making");
  expect(groupOf("CANCELLED")).toBe("failed");
  expect(groupOf("SUCCEEDED")).toBe("ready");
});
