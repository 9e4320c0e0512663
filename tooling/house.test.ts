import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { SETTINGS as API_SETTINGS } from "../packages/api/src/config.ts";
import { SETTINGS } from "../packages/worker/src/config.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const tracked = () =>
  execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: ROOT })
    .toString()
    .split("\0")
    .filter((path) => path && existsSync(join(ROOT, path)));

test(".env.example has each setting that is read, and no other", () => {
  const written = [...read(".env.example").matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
  const ofWeb = globSync("packages/web/{lib,app}/**/*.ts", { cwd: ROOT }).flatMap((path) =>
    [...read(path).matchAll(/process\.env\.([A-Z0-9_]+)/g)].map(([, name]) => name),
  );
  const known = new Set([...API_SETTINGS, ...SETTINGS, ...ofWeb]);
  expect([...new Set(written)].sort()).toEqual([...known].sort());
  expect(written.length).toBe(new Set(written).size);
});

test("no text is written into a page as HTML (decisions 0009, 0011)", () => {
  const pages = tracked().filter((path) => /^packages\/web\/.*\.tsx?$/.test(path));
  expect(pages.length).toBeGreaterThan(30);
  expect(pages.filter((path) => /dangerouslySetInnerHTML|\.innerHTML\s*=/.test(read(path)))).toEqual([]);
});

test("the README is short and starts with the two commands", () => {
  const readme = read("README.md");
  expect(readme.split("\n").length).toBeLessThanOrEqual(250);
  expect(readme).toContain("npm run demo");
  expect(readme).toContain("npm test");
});

test("no page for readers names a path of somebody's machine", () => {
  const pages = tracked().filter((path) => path.endsWith(".md"));
  expect(pages.length).toBeGreaterThan(5);
  const named = pages.filter((path) => /(^|[\s("'`])\/(work|root|home|Users|tmp)\//.test(read(path)));
  expect(named).toEqual([]);
});

test("nothing says where packages come from: that is the machine's own setting", () => {
  const url =
    /(https?|git\+\w+):\/\/[\w.-]*(registry|mirror|npmjs|pypi|pythonhosted|crates\.|deb\.|artifact)[\w.-]*/i;
  const setting = /^\s*(registry|index-url|extra-index-url|@\w+:registry)\s*=/im;
  const text = tracked().filter((path) =>
    /\.(md|ts|tsx|mjs|json|ya?ml|toml|sh)$|(^|\/)(\.\w+|[A-Z]\w+file|run)$/.test(path),
  );
  const wrong = text.filter((path) => url.test(read(path)) || setting.test(read(path)));
  expect(wrong).toEqual([]);
});

test("npm scripts use nothing but Node, npm and what package.json names", () => {
  const { scripts, devDependencies } = JSON.parse(read("package.json"));
  const programs = Object.keys(devDependencies).flatMap((name) => {
    const { bin = {} } = JSON.parse(read(`node_modules/${name}/package.json`));
    return typeof bin === "string" ? [name] : Object.keys(bin);
  });
  const used = Object.values<string>(scripts).flatMap((script) =>
    script.split("&&").map((command) => command.trim().split(" ")[0]),
  );
  expect(used.filter((program) => program !== "npm" && !programs.includes(program ?? ""))).toEqual([]);
});

test("each script file and folder that the npm scripts name is there", () => {
  const { scripts } = JSON.parse(read("package.json"));
  const paths = Object.values<string>(scripts).flatMap(
    (script) => script.match(/\b(packages|tooling)\/[\w./-]+|[\w.]+\.config\.ts/g) ?? [],
  );
  expect(paths.length).toBeGreaterThan(5);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
