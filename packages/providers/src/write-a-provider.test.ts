import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const docs = fileURLToPath(new URL("../../../docs", import.meta.url));
const page = readFileSync(join(docs, "write-a-provider.md"), "utf8");

test("the example of the page is the code that passes the suite, word by word", () => {
  const blocks = [...page.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)];
  expect(blocks.map(([, name]) => name)).toEqual(["testing-attic.ts", "attic.test.ts"]);
  for (const [, name = "", code] of blocks)
    expect(code).toBe(readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8"));
});

test("the page explains each check and each kind of error, and names only files that are there", () => {
  const checks = [...page.matchAll(/^\| (C\d+) \|/gm)].map(([, id]) => id);
  expect(checks).toEqual(Array.from({ length: 20 }, (_, index) => `C${index + 1}`));
  const port = readFileSync(fileURLToPath(new URL("provider.ts", import.meta.url)), "utf8");
  const union = /ProviderErrorKind =([^;]*);/.exec(port)?.[1] ?? "";
  const kinds = [...union.matchAll(/^ {2}\| "(\w+)"/gm)].map(([, kind]) => kind);
  expect(kinds.length).toBeGreaterThan(10);
  expect(kinds.filter((kind) => !page.includes(`| ${kind} |`))).toEqual([]);
  const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = ""]) => path);
  expect(links.filter((path) => !existsSync(join(dirname(join(docs, "x")), path)))).toEqual([]);
});
