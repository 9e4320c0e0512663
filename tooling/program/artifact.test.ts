import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Built } from "../sbf/build.ts";
import { committedSums, compare, sumsOf } from "./artifact.ts";

const linked = (text: string) => ({ bytes: Buffer.from(text), codeBytes: 0, dataBytes: 0, syscalls: [] });
const build = (v3: string, v0: string, version = "rustc-web 1.96.0"): Built => ({
  ...{ v3: linked(v3), v0: linked(v0), version, seconds: 0, coreSeconds: 0 },
});

test("a build is the committed one when both forms are, byte for byte", () => {
  const sums = sumsOf(build("a", "b"));
  expect(compare(build("a", "b"), sums)).toBe("same");
  expect(compare(build("a", "c"), sums)).toBe("different");
  expect(compare(build("c", "b"), sums)).toBe("different");
});

test("a build of other compilers is not compared", () => {
  const sums = sumsOf(build("a", "b"));
  expect(compare(build("a", "b", "rustc-web 1.97.0"), sums)).toBe("other compilers");
});

test("sums are as sha256sum checks them, below the compilers' names", async () => {
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  expect(sumsOf(build("a", "b"))).toBe(
    `# rustc-web 1.96.0\n${hash("a")}  kangklip_credits.so\n${hash("b")}  kangklip_credits.v0.so\n`,
  );
  expect(await committedSums()).toMatch(/^# rustc-web [\d.]+\S*, llvm-22 \S+\n[0-9a-f]{64} {2}/);
});
