import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { completed, type Lock, missingFrom } from "./complete-lock.ts";

const text = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");
const lock: Lock = JSON.parse(text);

test("the lock file has an entry for the packages of every platform", () => {
  expect(missingFrom(lock), "run tooling/complete-lock.ts").toEqual([]);
  expect(completed(lock)).toEqual(lock);
});

test("the lock file names no host that packages come from", () => {
  expect(text.match(/"resolved": "(https?|git)[^"]*"/g)).toBeNull();
});

test("what a lock lacks is found at any depth and gets an entry that other machines pass over", () => {
  const without: Lock = {
    packages: {
      "": {},
      "node_modules/a": {
        version: "1.0.0",
        optionalDependencies: { "@x/a-darwin-arm64": "1.0.0", b: "^2.0.0" },
      },
      "node_modules/b": { version: "2.1.0", optionalDependencies: { c: "3.0.0" } },
      "node_modules/b/node_modules/c": { version: "3.0.0" },
    },
  };
  expect(missingFrom(without)).toEqual([
    { name: "@x/a-darwin-arm64", version: "1.0.0", wantedBy: "node_modules/a" },
  ]);
  const entry = { version: "1.0.0", cpu: ["arm64"], optional: true, os: ["darwin"] };
  expect(completed(without).packages["node_modules/@x/a-darwin-arm64"]).toEqual(entry);
  expect(missingFrom(completed(without))).toEqual([]);
});

test("a range is never guessed", () => {
  const ranged: Lock = { packages: { "": { optionalDependencies: { a: "^1.0.0" } } } };
  expect(() => completed(ranged)).toThrow(/a@\^1\.0\.0/);
});
