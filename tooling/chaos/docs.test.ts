import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(ROOT, "docs/reliability.md"), "utf8");
const rows = page.split("\n").filter((line) => /^\| [FI]\d+ \|/.test(line));
const idsOf = (letter: string) =>
  rows.flatMap((row) => row.match(new RegExp(`^\\| (${letter}\\d+) `))?.[1] ?? []);
const count = (letter: string, to: number) =>
  Array.from(
    { length: to },
    (_, index) => `${letter}${letter === "F" ? String(index + 1).padStart(2, "0") : index + 1}`,
  );

test("the page on reliability has every promise and every fault once", () => {
  expect(idsOf("I")).toEqual(count("I", 15));
  expect(idsOf("F")).toEqual(count("F", 75));
});

test("every file that it names is there", () => {
  const known = new Set(
    globSync("packages/api/src/**/*.test.ts", { cwd: ROOT }).map((path) => basename(path)),
  );
  const named = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path));
  const linked = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = ""]) => join("docs", path));
  const missing = [...named, ...linked].filter((path) => !known.has(path) && !existsSync(join(ROOT, path)));
  expect(named.length).toBeGreaterThan(75);
  expect(missing).toEqual([]);
});
