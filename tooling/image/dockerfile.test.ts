import { globSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { OLDEST_YT_DLP } from "../yt-dlp.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const SOURCE = read("packages/worker/Dockerfile");

interface Stage {
  name: string;
  from: string;
  /** Each instruction in one line: its keyword and what follows. */
  steps: [keyword: string, rest: string][];
}

/** The file's instructions, by stage; what stands before the first stage is the stage "". */
function stagesOf(source: string): Stage[] {
  const lines = source
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll("\\\n", " ");
  const stages: Stage[] = [{ name: "", from: "", steps: [] }];
  for (const line of lines.split("\n").filter((text) => text.trim())) {
    const [, keyword = "", rest = ""] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    const [, from = "", name = ""] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
    if (keyword === "FROM") stages.push({ name, from, steps: [] });
    else stages.at(-1)?.steps.push([keyword, rest.trim()]);
  }
  return stages;
}

const STAGES = stagesOf(SOURCE);
const stage = (name: string) => {
  const found = STAGES.find((one) => one.name === name);
  if (!found) throw new Error(`There is no stage ${name}`);
  return found;
};
const rests = (keyword: string, of: readonly Stage[] = STAGES) =>
  of.flatMap(({ steps }) => steps.filter(([one]) => one === keyword).map(([, rest]) => rest));
/** A stage and all that it is built upon, the lowest first. */
const chain = (name: string): Stage[] => {
  const one = STAGES.find((each) => each.name === name);
  return one && name ? [...chain(one.from), one] : [];
};
/** Defaults of the arguments that stand before the first stage. */
const BASES = Object.fromEntries(rests("ARG", [stage("")]).map((arg) => arg.split(/=(.*)/s)));
const environment = (name: string) =>
  Object.fromEntries(
    rests("ENV", chain(name)).flatMap((text) =>
      [...text.matchAll(/([A-Z_]+)=("[^"]*"|\S*)/g)].map(([, key, value]) => [key, value]),
    ),
  );

test("every line is an instruction that is known here", () => {
  const known = [
    "ARG",
    "FROM",
    "WORKDIR",
    "COPY",
    "RUN",
    "ENV",
    "LABEL",
    "USER",
    "ENTRYPOINT",
    "HEALTHCHECK",
  ];
  expect(new Set(STAGES.flatMap(({ steps }) => steps.map(([keyword]) => keyword)))).toEqual(
    new Set(known.filter((keyword) => keyword !== "FROM")),
  );
  expect(STAGES.slice(1).every(({ name, from }) => name && from)).toBe(true);
});

test("bases are pinned to a version and a digest, and no stage is built upon anything else", () => {
  expect(Object.keys(BASES)).toEqual(["DEBIAN", "NODE", "CUDA"]);
  for (const base of Object.values(BASES))
    expect(base).toMatch(/^[\w/]+:[\w.-]*\d[\w.-]*@sha256:[0-9a-f]{64}$/);
  const names = new Set(STAGES.map(({ name }) => name));
  const others = STAGES.slice(1).filter(({ from }) => !names.has(from));
  expect(new Set(others.map(({ from }) => from))).toEqual(
    new Set(Object.keys(BASES).map((name) => `\${${name}}`)),
  );
  expect(SOURCE).not.toMatch(/:latest\b/);
});

test("Node is the version that everything else runs on", () => {
  const { devDependencies } = JSON.parse(read("package.json"));
  expect(BASES.NODE).toContain(`:${devDependencies.node}-bookworm-slim@`);
  expect(BASES.DEBIAN).toMatch(/^debian:bookworm-\d{8}-slim@/);
  expect(rests("COPY", [stage("runtime")])).toContain("--from=node /usr/local/bin/node /usr/local/bin/node");
});

describe.each(["cpu", "cuda"])("the target %s", (target) => {
  test("is Debian with the same packages, and ends as a user without rights", () => {
    expect(chain(target).map(({ name }) => name)).toEqual(["system", "runtime", target]);
    expect(rests("USER", chain(target))).toEqual(["10001:10001"]);
    expect(stage(target).steps.at(-1)?.[0]).toBe("USER");
    expect(rests("RUN", [stage("system")])[0]).toContain("useradd --uid 10001 --gid 10001");
  });

  test("starts the worker below an init, with a folder to write to that belongs to its user", () => {
    expect(JSON.parse(rests("ENTRYPOINT", chain(target))[0] ?? "")).toEqual([
      ...["/usr/bin/tini", "-s", "--", "/usr/local/bin/node", "/opt/kangklip/worker/main.mjs"],
    ]);
    expect(rests("HEALTHCHECK", chain(target))).toEqual(["NONE"]);
    expect(rests("RUN", [stage("system")])[0]).toContain(
      "install -d -o 10001 -g 10001 -m 0700 /scratch /cache",
    );
    expect(rests("WORKDIR", chain(target))).toEqual(["/scratch"]);
    expect(environment(target)).toMatchObject({ HOME: "/scratch", TMPDIR: "/scratch" });
  });

  test("asks for what NVENC, NVDEC and CUDA need, and runs in production", () => {
    expect(environment(target)).toMatchObject({
      NVIDIA_DRIVER_CAPABILITIES: "compute,video,utility",
      NODE_ENV: "production",
    });
  });

  test("has its own list of parts, its version and its commit", () => {
    expect(rests("RUN", [stage(target)]).at(-1)).toMatch(/sbom\.ts \/usr\/share\/kangklip\/sbom\.json$/);
    expect(rests("LABEL", [stage(target)])[0]).toMatch(
      /image\.version="\$VERSION".*image\.revision="\$REVISION"/,
    );
  });

  test("gets model, recogniser and worker in this order, so that a new worker leaves the large layers alone", () => {
    const froms = rests("COPY", chain(target)).flatMap((text) => /^--from=(\S+)/.exec(text)?.[1] ?? []);
    expect([...new Set(froms)]).toEqual([
      "node",
      "yt-dlp",
      "model",
      ...(target === "cuda" ? ["whisper"] : []),
      "bundle",
    ]);
  });
});

test("whisper.cpp is one commit, compiled for the cards that are in use and for nothing of the machine that builds it", () => {
  const runs = rests("RUN", [stage("whisper")]).join("\n");
  const commits = [...SOURCE.matchAll(/ARG WHISPER_COMMIT=(\S+)/g)].map(([, commit]) => commit);
  expect(commits).toHaveLength(2);
  expect(new Set(commits).size).toBe(1);
  expect(commits[0]).toMatch(/^[0-9a-f]{40}$/);
  expect(runs).toContain('test "$(git rev-parse HEAD)" = "$WHISPER_COMMIT"');
  expect(rests("ARG", [stage("whisper")])).toContain('CUDA_ARCHITECTURES="75;80;86;89;90;120"');
  expect(runs).toMatch(
    /-DGGML_NATIVE=OFF.*-DGGML_CUDA=ON.*"-DCMAKE_CUDA_ARCHITECTURES=\$CUDA_ARCHITECTURES"/,
  );
  // neither the linker nor the program may need a driver: where images are built there is none
  expect(runs).toContain("-DGGML_CUDA_NO_VMM=ON");
  expect(runs).toMatch(/! env \S+ ldd \S+whisper-cli \| grep -E '[^']*libcuda/);
  expect(BASES.CUDA).toContain("nvidia/cuda:12.8.");
});

test("nothing is fetched that is not pinned: the lock file, hashes, a commit", () => {
  const runs = rests("RUN").join("\n");
  expect(runs).not.toMatch(/\b(curl|wget)\b|\|\s*(ba|da)?sh\b/);
  expect(rests("ADD")).toEqual([]);
  expect(runs.match(/npm (?!ci )\w+/g)).toBeNull();
  expect(rests("COPY", [stage("bundle")])[0]).toBe("package.json package-lock.json .npmrc ./");
  expect(runs.match(/pip install.*/g)).toHaveLength(1);
  expect(runs).toMatch(/pip install .*--no-deps .*--require-hashes .*--requirement \/yt-dlp\.txt/);
  expect(runs.match(/https?:\/\/\S+/g)).toEqual(["https://github.com/ggml-org/whisper.cpp"]);
});

test("yt-dlp's packages are versions with hashes, and yt-dlp can use Node for the scripts of pages", () => {
  const packages = read("packages/worker/yt-dlp.txt")
    .replace(/^#.*$/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter(Boolean);
  for (const line of packages) expect(line).toMatch(/^[a-z0-9-]+==[\w.]+(\s+--hash=sha256:[0-9a-f]{64})+$/);
  const [, version = ""] = /^yt-dlp==(\S+)/m.exec(packages.join("\n")) ?? [];
  expect(version > OLDEST_YT_DLP).toBe(true);
  expect(packages.some((line) => line.startsWith("yt-dlp-ejs=="))).toBe(true);
});

test("arguments and environment carry no secret", () => {
  const names = [...rests("ARG"), ...rests("ENV").flatMap((text) => text.match(/[A-Z_]+(?==)/g) ?? [])];
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => /KEY|TOKEN|SECRET|PASS|CREDENTIAL|LOGIN/i.test(name))).toEqual([]);
});

test("any Docker builds it: nothing of it is BuildKit's alone", () => {
  expect(SOURCE).not.toMatch(
    /^# *syntax=|--mount=|--link\b|--chmod=|--chown=|<<-?["']?[A-Z]|\bTARGETARCH\b/m,
  );
});

test("what is copied from the repository goes to the engine, and nothing else does", () => {
  const [first, ...allowed] = read(".dockerignore")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"));
  expect(first).toBe("*");
  const kept = allowed.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  const left = allowed.filter((line) => !line.startsWith("!"));
  const goes = (path: string) =>
    kept.some((one) => path === one || path.startsWith(`${one}/`)) &&
    !left.some((one) => matchesGlob(path, one));
  const copied = rests("COPY").flatMap((text) =>
    text.startsWith("--from") ? [] : text.split(" ").slice(0, -1),
  );
  expect(copied.length).toBeGreaterThan(7);
  for (const path of copied) expect(globSync(`${path}`, { cwd: ROOT }), path).toHaveLength(1);
  expect(copied.filter((path) => !goes(path))).toEqual([]);
  const others = [".env", ".git/config", ".kangklip/operator-token", "node_modules/x/index.js", "docs/x.md"];
  expect(others.filter(goes)).toEqual([]);
  expect(goes("packages/worker/src/main.test.ts")).toBe(false);
  expect(goes("packages/api/src/main.ts")).toBe(false);
});
