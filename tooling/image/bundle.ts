import { cp, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const copy = promisify(cp);

/**
 * Packages that the worker loads from its node_modules when it runs, because what it takes of them is no JavaScript or because they look
 * for files beside themselves: the files of each that it needs. "traced": its main file and whatever that requires.
 */
export const CARRIED: Readonly<Record<string, readonly string[]>> = {
  "@tensorflow/tfjs-core": ["traced"],
  "@tensorflow/tfjs-converter": ["traced"],
  "@tensorflow/tfjs-backend-wasm": ["traced", "dist/*.wasm"],
  "@vladmandic/human": ["dist/human.node.js", "models/blazeface.*"],
  "@expo-google-fonts/roboto": ["700Bold/Roboto_700Bold.ttf", "900Black/Roboto_900Black.ttf"],
  "@fugood/whisper.node": ["traced"],
  [`@fugood/node-whisper-${process.platform}-${process.arch}`]: ["index.node"],
};

/** A npm package of which something is in the bundle. */
export interface BundledPackage {
  name: string;
  version: string;
  license: string | null;
  /** Subresource integrity of its tarball, from the lock file. */
  integrity: string | null;
}

export interface Bundle {
  /** Programs that Node can be started with, below the folder. */
  programs: string[];
  /** Every source file that went in, from the repository's root. */
  inputs: string[];
  packages: BundledPackage[];
  bytes: number;
}

/** How a source names the program of a child process that it will start. */
const CHILD = /new URL\("(\.{1,2}\/[^"]+)\.ts", import\.meta\.url\)/g;

/**
 * Makes the worker a folder that plain Node 24 runs: `main.mjs`, the programs of its child processes beside it, and a small node_modules
 * for this platform. The folder is emptied first.
 * @returns what is in it, which is written into its `bundle.json` too. @throws what esbuild says where a source does not fit.
 */
export async function makeBundle(outDir: string): Promise<Bundle> {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  const entryPoints = programs();
  const built = await build({
    absWorkingDir: ROOT,
    entryPoints,
    outdir: outDir,
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunk-[hash]",
    ...{ bundle: true, splitting: true, metafile: true, logLevel: "silent", legalComments: "none" },
    ...{ platform: "node", format: "esm", target: "node24" },
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } }, // the same wherever it is made
    // packages that are CommonJS ask for Node's own modules by require
    banner: {
      js: 'import { createRequire as createBundleRequire } from "node:module"; const require = createBundleRequire(import.meta.url);',
    },
    plugins: [childPrograms(entryPoints)],
  });
  const carried = await carriedFiles();
  for (const path of carried) {
    mkdirSync(dirname(join(outDir, path)), { recursive: true });
    await copy(join(ROOT, path), join(outDir, path));
  }
  const inputs = [...Object.keys(built.metafile.inputs), ...carried].sort();
  const bundle: Bundle = {
    programs: Object.keys(entryPoints).map((name) => `${name}.mjs`),
    inputs,
    packages: packagesOf(inputs),
    bytes: 0,
  };
  copyLicenses(outDir, inputs);
  await copy(join(import.meta.dirname, "sbom.ts"), join(outDir, "sbom.ts")); // the image runs it over itself
  writeFileSync(join(outDir, "bundle.json"), `${JSON.stringify(bundle, null, 1)}\n`);
  return { ...bundle, bytes: sizeOf(outDir) };
}

/** The worker's program and those that it starts, by the name of their output. @throws Error where two would have one name */
function programs(): Record<string, string> {
  const found: Record<string, string> = { main: "packages/worker/src/main.ts" };
  for (const path of globSync("packages/worker/src/**/*.ts", { cwd: ROOT })) {
    if (/\.test\.ts$|\/testing[\w-]*\.ts$/.test(path)) continue;
    for (const [, relativePath] of readFileSync(join(ROOT, path), "utf8").matchAll(CHILD)) {
      const program = join(dirname(path), `${relativePath}.ts`);
      const name = basename(program, ".ts");
      if ((found[name] ?? program) !== program) throw new Error(`Two programs are called ${name}`);
      found[name] = program;
    }
  }
  return found;
}

/** In the bundle all programs lie in one folder, so that the path to a child's program is its name. */
const childPrograms = (entryPoints: Record<string, string>): Plugin => ({
  name: "child-programs",
  setup({ onLoad }) {
    onLoad({ filter: /packages[\\/]worker[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8").replace(CHILD, (_, relativePath: string) => {
        const program = relative(ROOT, resolve(dirname(path), `${relativePath}.ts`));
        const [name] = Object.entries(entryPoints).find(([, file]) => file === program) ?? [];
        return `new URL("./${name}.mjs", import.meta.url)`;
      });
      return { contents, loader: "ts" };
    });
  },
});

/** Paths of the files that are carried along as they are, from the repository's root; each package's package.json with them. */
async function carriedFiles(): Promise<string[]> {
  const files: string[] = [];
  const mains: string[] = [];
  for (const [name, wanted] of Object.entries(CARRIED)) {
    const folder = join("node_modules", name);
    for (const pattern of wanted) {
      if (pattern === "traced") mains.push(createRequire(join(ROOT, folder, "package.json")).resolve(name));
      const matching = globSync(pattern, { cwd: join(ROOT, folder) });
      if (pattern !== "traced" && matching.length === 0) throw new Error(`${name} has no ${pattern}`);
      files.push(...matching.map((path) => join(folder, path)));
    }
    files.push(join(folder, "package.json"));
  }
  const traced = await build({
    absWorkingDir: ROOT,
    entryPoints: mains,
    outdir: "out",
    ...{ bundle: true, write: false, metafile: true, logLevel: "silent", platform: "node", format: "cjs" },
    external: ["*.node", "@fugood/node-whisper-*"], // chosen when it runs; this platform's is in the list above
  });
  const needed = Object.keys(traced.metafile.inputs);
  return [
    ...new Set([...files, ...needed, ...needed.map((path) => `${packageOf(path)}/package.json`)]),
  ].sort();
}

/** The folder of the npm package that a file is of, from the repository's root; undefined for our own sources. */
const packageOf = (path: string) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

const packageFolders = (inputs: readonly string[]) =>
  [...new Set(inputs.map(packageOf))].filter((folder) => folder !== undefined).sort();

function packagesOf(inputs: readonly string[]): BundledPackage[] {
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  return packageFolders(inputs).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
    const { integrity = null } = lock.packages[folder] ?? {};
    return { name, version, license: typeof license === "string" ? license : null, integrity };
  });
}

/** Most licences ask that their text goes with the code. */
function copyLicenses(outDir: string, inputs: readonly string[]): void {
  for (const folder of packageFolders(inputs))
    for (const name of globSync("{LICEN[CS]E,COPYING,NOTICE}*", { cwd: join(ROOT, folder) })) {
      const target = join(outDir, "licenses", folder.replaceAll("node_modules/", ""), name);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, readFileSync(join(ROOT, folder, name)));
    }
}

const sizeOf = (folder: string) =>
  globSync("**/*", { cwd: folder })
    .map((path) => statSync(join(folder, path)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);

if (import.meta.main) {
  const [outDir] = process.argv.slice(2);
  if (!outDir) throw new Error("usage: node tooling/image/bundle.ts FOLDER");
  const { bytes, packages, programs } = await makeBundle(resolve(outDir));
  console.log(
    `${(bytes / 1e6).toFixed(1)} MB, ${packages.length} packages, ${programs.join(" ")} in ${outDir}`,
  );
}
