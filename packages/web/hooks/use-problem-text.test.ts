import { KangKlipError } from "@kangklip/contract";
import { TRPCClientError } from "@trpc/client";
import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { codeProblem, problemOf } from "../lib/problem.ts";
import { WalletError } from "../lib/wallet-error.ts";
import { problemText } from "./use-problem-text.ts";

const [en, id] = [translateTo("en"), translateTo("id")];

test("in English the API's own sentence says why, beside what to do", () => {
  const problem = codeProblem("SOURCE_REFUSED", "10.0.0.1 is not a public address", "api");
  expect(problemText(en, problem, false)).toEqual({
    title: "The address was refused",
    detail: "10.0.0.1 is not a public address",
    detailLang: undefined,
    cause: null,
    action: "Give a public http or https address. For a server of your own, start with --allow-private.",
  });
});

test("in another language the code says what happened and why, and the API's sentence is marked as English", () => {
  const problem = codeProblem("SOURCE_REFUSED", "10.0.0.1 is not a public address", "api");
  expect(problemText(id, problem, true)).toMatchObject({
    title: "Alamat ini ditolak",
    detail: "10.0.0.1 is not a public address",
    detailLang: "en",
    cause: expect.stringContaining("jaringan pribadi"),
  });
});

test("the page's own sentence is in the reader's language already", () => {
  const problem = problemOf(new KangKlipError("SOURCE_TOO_LARGE", "Berkasnya 3 GB"));
  expect(problemText(id, problem, true)).toMatchObject({ detail: "Berkasnya 3 GB", detailLang: undefined });
});

test("nobody who answers, and a wallet that says no, are told without a code", () => {
  const silent = problemOf(TRPCClientError.from(new TypeError("Failed to fetch")));
  expect(problemText(id, silent, true)).toMatchObject({ title: "KangKlip tidak menjawab", detail: null });
  const no = problemOf(new WalletError("rejected", "Phantom"));
  expect(problemText(id, no, true)).toMatchObject({
    title: "Anda menolak di Phantom",
    detail: null,
    cause: null,
  });
});
