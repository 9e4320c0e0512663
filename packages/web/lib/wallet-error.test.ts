import { expect, test } from "vitest";
import { problemOf } from "./problem.ts";
import { WalletError, walletError } from "./wallet-error.ts";

test.each([
  { code: 4001, message: "whatever" },
  new Error("User rejected the request."),
  new Error("Transaction cancelled"),
  new Error("Request denied by user"),
  { name: "WalletSignTransactionError", message: "The user declined" },
])("a person's no is told as one: %s", (thrown) => {
  expect(walletError(thrown, "Phantom")).toMatchObject({
    failure: "rejected",
    message: "You said no in Phantom",
  });
});

test("anything else that a wallet throws is its failure, and keeps its cause", () => {
  for (const thrown of [new Error("Internal error"), "no words", undefined, null, { code: -32603 }])
    expect(walletError(thrown, "Phantom")).toMatchObject({ failure: "failed", cause: thrown });
});

test("the page shows it with what to do, as something to try again", () => {
  const error = walletError(new WalletError("wrong-network", "Solflare"), "Phantom");
  expect(problemOf(error)).toMatchObject({
    code: null,
    message: "Solflare is on another network",
    action: expect.stringContaining("Switch the network"),
    retryable: true,
  });
});
