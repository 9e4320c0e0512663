import { expect, test } from "vitest";
import { contentPolicy } from "./content-policy.ts";

const sourcesOf = (policy: string, directive: string) =>
  policy
    .split("; ")
    .find((one) => one.startsWith(`${directive} `))
    ?.split(" ")
    .slice(1);

test("no script runs but those with the nonce and what they load", () => {
  const policy = contentPolicy("bm9uY2U=");
  expect(sourcesOf(policy, "script-src")).toEqual(["'nonce-bm9uY2U='", "'strict-dynamic'", "'self'"]);
  expect(sourcesOf(policy, "default-src")).toEqual(["'none'"]);
  expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline/);
});

test("the page talks to its own origin, the API's and the bucket's alone", () => {
  expect(sourcesOf(contentPolicy("n"), "connect-src")).toEqual(["'self'"]);
  expect(
    sourcesOf(contentPolicy("n", ["https://api.example/base", "https://bucket.example"]), "connect-src"),
  ).toEqual(["'self'", "https://api.example", "https://bucket.example"]);
  expect(sourcesOf(contentPolicy("n", ["http://api.example"]), "media-src")).toContain("http://api.example");
  expect(() => contentPolicy("n", ["https://x; script-src *"])).toThrow();
});
