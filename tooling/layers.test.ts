import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What each package may import of ours when it runs, and of what it may take types. The arrows point one way. */
const LAYERS: Record<string, { runs: string[]; types: string[] }> = {
  contract: { runs: [], types: [] },
  providers: { runs: ["contract"], types: [] },
  "credits-program": { runs: [], types: [] },
  localnet: { runs: ["credits-program"], types: [] },
  api: { runs: ["contract", "providers", "credits-program"], types: [] },
  worker: { runs: ["contract"], types: [] },
  web: { runs: ["contract"], types: ["api"] },
  cli: { runs: ["contract", "localnet", "tooling"], types: ["api"] },
};
/** Where a layer lies that is no package. */
const PLACES: Record<string, string> = { "credits-program": "programs/kangklip_credits" };
const placeOf = (layer: string) => PLACES[layer] ?? `packages/${layer}`;
/** Whatever tests may use besides. */
const FOR_TESTS = ["tooling", "localnet"];
const RUNTIME = "node:";

interface Import {
  file: string;
  /** The package or folder of ours ("contract", "tooling"), or the name of a package from elsewhere. */
  of: string;
  ours: boolean;
  /** Gone when the file runs. */
  isType: boolean;
  isTest: boolean;
}

/** Static, side-effect, re-exporting and dynamic imports, and `import("…")` in types: names, and whether they are gone at run time. */
function namesIn(source: string): { name: string; isType: boolean }[] {
  const text = source.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  const statement = /^[ \t]*(?:import|export)\s+(type\s)?(?:[^;"'`()]*?\sfrom\s*)?"([^"\n]+)"/gm;
  const call = /(\btypeof\s+)?\bimport\(\s*"([^"\n]+)"\s*\)/g;
  return [...text.matchAll(statement), ...text.matchAll(call)].map(([, type, name = ""]) => ({
    name,
    isType: type !== undefined,
  }));
}

function importsIn(file: string): Import[] {
  const isTest = /\.test\.tsx?$|\/(testing|conformance)[\w-]*\.ts$|-contract\.ts$|^packages\/\w+\/e2e\//.test(
    file,
  );
  return namesIn(readFileSync(join(ROOT, file), "utf8")).flatMap(({ name, isType }) => {
    const target = targetOf(file, name);
    return target ? [{ file, ...target, isType, isTest }] : [];
  });
}

function targetOf(file: string, name: string): { of: string; ours: boolean } | undefined {
  if (name.startsWith(RUNTIME)) return undefined;
  if (name.startsWith(".")) {
    const path = relative("", join(dirname(file), name));
    const [first = "", second = ""] = path.split("/");
    if (first === "programs") return { of: "credits-program", ours: true };
    return { of: first === "packages" ? second : first, ours: true };
  }
  const [scope = "", rest = ""] = name.split("/");
  if (scope === "@kangklip") return { of: rest, ours: true };
  return { of: scope.startsWith("@") ? `${scope}/${rest}` : scope, ours: false };
}

const filesOf = (layer: string) =>
  globSync(`${placeOf(layer)}/**/*.{ts,tsx,mjs}`, { cwd: ROOT, exclude: isNoSource });
const isNoSource = (path: string) => /(^|\/)(node_modules|\.next|next-env\.d\.ts)$/.test(path);

test("an import is seen in all its forms", () => {
  const source = `
import "a";
import type { B } from "b";
import {
  type C,
  c,
} from "c";
export { d } from "d";
export type * from "e";
// import "nothing";
const f = await import("f"); type G = typeof import("g");`;
  const seen = namesIn(source).map(({ name, isType }) => (isType ? `type ${name}` : name));
  expect(seen).toEqual(["a", "type b", "c", "d", "type e", "f", "type g"]);
});

describe.each(Object.entries(LAYERS))("%s", (layer, { runs, types }) => {
  const imports = filesOf(layer).flatMap(importsIn);
  const wrong = (bad: (each: Import) => boolean) => [
    ...new Set(imports.filter(bad).map(({ file, of }) => `${file} imports ${of}`)),
  ];

  test("imports only what lies below it", () => {
    expect(imports.length).toBeGreaterThan(0);
    const mayUse = ({ of, isType, isTest }: Import) =>
      of === layer ||
      runs.includes(of) ||
      (isType && types.includes(of)) ||
      (isTest && FOR_TESTS.includes(of));
    expect(wrong((each) => each.ours && !mayUse(each))).toEqual([]);
  });

  test("names every package that it imports in its package.json", () => {
    const manifest = (path: string) => JSON.parse(readFileSync(join(ROOT, path), "utf8"));
    const { dependencies = {} } = manifest(`${placeOf(layer)}/package.json`);
    const { devDependencies = {} } = manifest("package.json");
    const isDeclared = ({ of, ours, isType, isTest }: Import) => {
      if (of === layer || of === "tooling" || (isTest && FOR_TESTS.includes(of))) return true;
      const name = ours ? `@kangklip/${of}` : of;
      return (
        name in dependencies ||
        ((isTest || isType) && (name in devDependencies || `@types/${name}` in devDependencies))
      );
    };
    expect(wrong((each) => !isDeclared(each))).toEqual([]);
  });
});

test("tooling uses contract, worker and the on-chain program, and no other package; what breaks or measures the API runs it", () => {
  const harness = /^tooling\/(chaos|bench)\//;
  const imports = globSync("tooling/**/*.{ts,mjs}", { cwd: ROOT })
    .filter((path) => !harness.test(path))
    .flatMap(importsIn);
  const wrong = imports.filter(
    ({ of, ours, isTest }) =>
      ours && !["tooling", "contract", "worker", "credits-program"].includes(of) && !isTest,
  );
  expect(wrong).toEqual([]);
});
