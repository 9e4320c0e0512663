import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tools } from "./asr/testing.ts";
import { type RunOptions, runChild } from "./child.ts";
import { type RunOptions as FfmpegOptions, runFfmpeg, runFfprobe } from "./media/ffmpeg.ts";
import { describeWalls, machineWalls, wallsNote } from "./walls.ts";

const isLinux = existsSync("/proc/self/stat");
const walls = await machineWalls();
const [hasLimits, hasNoNetwork, diesToo] = [walls.limits, walls.network, walls.parent].map(
  (wall) => wall.length > 0,
);
const GB = 1024 ** 3;
const { signal: never } = new AbortController();

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kk-child-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const run = (program: string, args: string[], options: Partial<RunOptions> = {}) =>
  runChild(program, args, { signal: never, memoryBytes: GB, fileBytes: GB, cwd: dir, ...options });
const ffmpeg = (args: string[], options: Partial<FfmpegOptions> = {}) =>
  runFfmpeg(tools ?? { ffmpeg: "", ffprobe: "", version: "" }, { args, signal: never, ...options });
/** Pictures without end, faster than anybody needs them. */
const ENDLESS = ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=25", "-f", "null", "-"];

/** Command lines of running processes that name a text; zombies have none. */
function running(text: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const line = /^\d+$/.test(pid)
        ? readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
        : "";
      return line.includes(text) && pid !== `${process.pid}` ? [line] : [];
    } catch {
      return []; // it has just ended
    }
  });
}

describe("every child", () => {
  test("gets no token and no setting of ours", async () => {
    process.env.KK_CLAIM_TOKEN = "kkc_secret";
    process.env.LLM_API_KEY = "sk-secret";
    const { stdout } = await run("env", [], { env: { https_proxy: "http://127.0.0.1:9" } });
    delete process.env.KK_CLAIM_TOKEN;
    delete process.env.LLM_API_KEY;
    expect(stdout).not.toMatch(/secret|KK_|LLM_|VITEST/);
    expect(stdout).toMatch(/^PATH=/m);
    expect(stdout).toMatch(/^https_proxy=http:\/\/127.0.0.1:9$/m);
  });

  test("is started without a shell: what looks like a command is a word", async () => {
    const { stdout } = await run("echo", ["$(id)", "; touch x", "`id`"]);
    expect(stdout).toBe("$(id) ; touch x `id`\n");
    expect(await readdir(dir)).toEqual([]);
  });

  test("that is not there is named, though the walls are", async () => {
    await expect(run("kk-no-such-program", [])).rejects.toMatchObject({ code: "ENOENT" });
    await expect(run("/nowhere/x", [])).rejects.toThrow("/nowhere/x");
  });

  test("ends when it takes too long, says too much, or is not wanted any more", async () => {
    const why = (options: Partial<RunOptions>, ...args: string[]) =>
      run("sh", ["-c", ...args], options).then(String, (error) => error.why ?? error.message);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("cancelled")), 300);
    expect(
      await Promise.all([
        why({ timeoutMs: 300 }, "exec sleep 600"),
        why({ maxStdout: 1000 }, "exec yes"),
        why({ signal: stop.signal }, "exec sleep 600"),
        why({ silentMs: 1500 }, "echo x; exec sleep 600"),
        why({ silentMs: 2500, timeoutMs: 6000 }, "while :; do echo x >&2; sleep 0.2; done"),
      ]),
    ).toEqual(["late", "loud", "cancelled", "silent", "late"]);
  });

  test.skipIf(!hasNoNetwork)(
    "has no network, not even loopback (needs an account that may unshare)",
    async () => {
      const code = `require("node:net").connect(9, "127.0.0.1").on("error", (e) => console.log(e.code))`;
      expect((await run(process.execPath, ["-e", code])).stdout.trim()).toBe("ENETUNREACH");
      expect((await run(process.execPath, ["-e", code], { family: true })).stdout.trim()).toBe(
        "ECONNREFUSED",
      );
    },
  );

  test.skipIf(!diesToo)("can gain no rights (needs setpriv)", async () => {
    const { stdout } = await run("cat", ["/proc/self/status"]);
    expect(stdout).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(Number(`0x${/^CapEff:\s+(\w+)$/m.exec(stdout)?.[1]}`) & ~0b110).toBe(0); // but reading others' files, as root
  });

  test.skipIf(!hasLimits)("cannot write a longer file than it may (needs prlimit)", async () => {
    const args = ["if=/dev/zero", "of=large", "bs=1000", "count=100"];
    expect((await run("dd", args, { fileBytes: 5000 })).ended).toBe("SIGXFSZ");
    expect(readFileSync(join(dir, "large")).length).toBe(5000);
    await rm(join(dir, "large"));
  });
});

describe.skipIf(!tools)("ffmpeg as a child (needs ffmpeg)", () => {
  test.skipIf(!isLinux)(
    "F10: one that hangs is killed after its time of silence, and says so (needs /proc)",
    async () => {
      const output = join(dir, "hangs.mkv");
      const running_ = ffmpeg(["-re", ...ENDLESS.slice(0, 4), "-c:v", "ffv1"], { output, silentMs: 3000 });
      const outcome = running_.then(String, (error) => error);
      await expect.poll(() => running("hangs.mkv").length, { timeout: 10_000 }).toBeGreaterThan(0);
      const pid = readdirSync("/proc").find((name) => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, "utf8").includes("hangs.mkv");
        } catch {
          return false;
        }
      });
      process.kill(Number(pid), "SIGSTOP");
      expect(await outcome).toMatchObject({
        code: "TIMED_OUT",
        message: "ffmpeg gave no sign of life for 3 s",
      });
      expect(running("hangs.mkv")).toEqual([]);
      expect(await readdir(dir)).toEqual([]);
    },
  );

  test("one that works on without any output is not taken for one that hangs", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 5000);
    await expect(ffmpeg(ENDLESS, { silentMs: 2000, signal: stop.signal })).rejects.toThrow("enough");
  });

  test.skipIf(!hasLimits)("F44: one that runs out of memory says so (needs prlimit)", async () => {
    const large = ["-f", "lavfi", "-i", "color=s=3840x2160:r=25:d=2", "-c:v", "libx264"];
    await expect(ffmpeg(large, { output: join(dir, "large.mp4"), memoryBytes: 90e6 })).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
    });
    expect(await readdir(dir)).toEqual([]);
  });

  test.skipIf(!hasLimits)("F41: one that writes more than it may is stopped (needs prlimit)", async () => {
    const raw = ["-f", "lavfi", "-i", "color=s=640x360:r=25:d=20", "-c:v", "rawvideo"];
    await expect(ffmpeg(raw, { output: join(dir, "raw.mkv"), fileBytes: 1e6 })).rejects.toMatchObject({
      code: "SOURCE_TOO_LARGE",
    });
    expect(await readdir(dir)).toEqual([]);
  });

  test("ffprobe finds no network address and no file behind a list", async () => {
    const canary = join(dir, "canary.mp4");
    await ffmpeg(["-f", "lavfi", "-i", "testsrc2=d=1"], { output: canary });
    const lists = [
      "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nCANARY\n#EXT-X-ENDLIST\n",
      "ffconcat version 1.0\nfile CANARY\n",
    ];
    for (const text of lists) {
      const file = join(dir, "list.mp4");
      await writeFile(file, text.replace("CANARY", canary));
      const probing = runFfprobe(tools as never, { args: ["-show_format", file], signal: never });
      await expect(probing).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
    }
    await Promise.all([rm(canary), rm(join(dir, "list.mp4"))]);
  });
});

/** A process that starts a child through `runChild` and is then killed without warning. */
async function killedWorker(call: string): Promise<void> {
  const module = new URL("child.ts", import.meta.url).pathname;
  const source = `import { runChild } from ${JSON.stringify(module)};
    const limits = { signal: new AbortController().signal, memoryBytes: 4e9, fileBytes: 1e9, cwd: ${JSON.stringify(dir)} };
    await runChild(${call});`;
  const worker = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: "ignore" });
  await expect.poll(() => running("kk-orphan").length, { timeout: 20_000 }).toBeGreaterThan(0);
  await new Promise((wait) => setTimeout(wait, 500)); // through all its walls
  worker.kill("SIGKILL");
}

describe.skipIf(!diesToo)("F11: after kill -9 of the worker (needs setpriv)", () => {
  test.skipIf(!tools)("no ffmpeg is left (needs ffmpeg)", async () => {
    const args = ["-f", "lavfi", "-i", "testsrc2", "-metadata", "title=kk-orphan", "-f", "null", "-"];
    await killedWorker(`${JSON.stringify(tools?.ffmpeg)}, ${JSON.stringify(args)}, limits`);
    await expect.poll(() => running("kk-orphan"), { timeout: 5000 }).toEqual([]);
  });

  test.skipIf(walls.family.length === 0)(
    "nothing is left that a downloader has started, not even in a session of its own (needs an account that may unshare)",
    async () => {
      const script = "setsid sh -c 'sleep 601; : kk-orphan' & sh -c 'sleep 602; : kk-orphan'";
      await killedWorker(`"sh", ${JSON.stringify(["-c", script])}, { ...limits, family: true }`);
      await expect.poll(() => running("kk-orphan"), { timeout: 5000 }).toEqual([]);
      await expect.poll(() => running("sleep 601"), { timeout: 5000 }).toEqual([]);
    },
  );
});

test("the walls are told in one sentence, with what this machine lacks", () => {
  const all = {
    ...{ network: ["unshare"], cache: [], limits: ["prlimit"], parent: ["setpriv"], family: ["unshare"] },
  };
  expect(wallsNote(all)).toBe(
    "Walls round the media tools: no network, limits of memory, time and file size, end with the worker.",
  );
  const none = { network: [], cache: [], limits: [], parent: [], family: [] };
  expect(wallsNote(none)).toMatch(/^Walls round the media tools: none; they keep the network .*outlive/);
  expect(wallsNote({ ...all, hidesCache: true })).toContain("what is kept for the next job out of reach");
  expect(describeWalls({ ...all, hidesCache: false }).lacks).toEqual([
    "they reach what is kept for the next job",
  ]);
  expect(describeWalls({ ...all, network: [] })).toMatchObject({
    lacks: [expect.stringContaining("unshare")],
  });
});
