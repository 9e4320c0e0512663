import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ClaimAnswer, ClaimInput } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { expect, test } from "vitest";
import { tools } from "./asr/testing.ts";
import { startOrigin } from "./fetch/testing-server.ts";
import { type Answer, type Asked, PULSE, problem, startApiPlace, until } from "./testing-api.ts";
import { createCard, SMI } from "./testing-card.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const claimed = (over: Partial<ClaimAnswer> = {}): Answer => ({
  body: {
    attempt_token: "kka_token",
    job: aJobSpec({ source: { kind: "url", url: "http://10.0.0.1/talk.mp4" } }),
    heartbeat_seconds: 0.2,
    deadline: new Date(Date.now() + 60_000).toISOString(),
    ...over,
  },
});

/** Runs the worker program against a place on loopback; `stop` is called with it once a request has come. */
async function worked(
  answer: (asked: Asked, count: number) => Answer,
  {
    env = {},
    args = [],
    stop,
  }: { env?: Record<string, string>; args?: string[]; stop?: NodeJS.Signals } = {},
) {
  await using place = await startApiPlace(answer);
  const cwd = mkdtempSync(join(tmpdir(), "kk-worker-"));
  const launch = {
    KK_API_URL: place.url,
    KK_LAUNCH_KEY: "kk-01jd0000000000000000000000-e1",
    KK_CLAIM_TOKEN: "kkc_0123456789012345678901234567890123456789",
  };
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: {
      NODE_ENV: "production",
      PATH: process.env.PATH ?? "",
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...launch,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  const closed = new Promise<number | null>((end) => child.once("close", end));
  if (stop) {
    await until(() => place.asked.length > 0);
    child.kill(stop);
  }
  const exit = await closed;
  rmSync(cwd, { recursive: true, force: true });
  return { exit, said, reports: place.bodies("report"), asked: place.asked };
}

/** A source that begins and then says nothing more. */
async function withStalledSource<T>(use: (claim: Answer) => Promise<T>): Promise<T> {
  await using origin = await startOrigin({
    "/stalls.mp4": (_request, response) => void response.writeHead(200).write("\0\0\0\x18ftypmp42"),
  });
  const policy = { allow_private: false, allow_origins: [origin.origin], max_bytes: 1e6, max_seconds: 3600 };
  const source = { kind: "url", url: `${origin.origin}/stalls.mp4` } as const;
  return use(claimed({ job: aJobSpec({ source, fetch_policy: policy }) }));
}

test.concurrent("a wrong environment ends with 64 and names all that is wrong, before anything is asked", async () => {
  const { exit, said, asked } = await worked(() => ({}), {
    env: { KK_CLAIM_TOKEN: "short", RENDER_CRF: "99" },
  });
  expect([exit, asked]).toEqual([64, []]);
  expect(said).toMatch(/KK_CLAIM_TOKEN[\s\S]*RENDER_CRF/);
});

test.concurrent.each<[string, number, number]>([
  ["FENCED", 409, 75],
  ["UNAUTHORIZED", 401, 70],
  ["CONFLICT", 409, 70],
])(
  "a claim that is refused (%s) ends with its code, and nothing more is asked",
  async (code, status, expected) => {
    const { exit, said, asked } = await worked(() => problem(status, code, "not yours"));
    expect([exit, asked.length]).toEqual([expected, 1]);
    expect(said).toContain("not yours");
    expect(said).not.toContain("kkc_");
  },
);

test
  .skipIf(!tools)
  .concurrent("what goes wrong is reported once, with its code and stage (needs ffmpeg)", async () => {
    const { exit, reports } = await worked(({ path }) => (path === "claim" ? claimed() : {}));
    expect(exit).toBe(65);
    expect(reports.filter(({ status }) => status === "FAILED")).toMatchObject([
      { code: "SOURCE_REFUSED", stage: "DOWNLOAD", error: expect.stringContaining("public") },
    ]);
    expect(reports.at(-1)?.status).toBe("FAILED");
  });

test.skipIf(!tools).concurrent("the claim tells what the machine can do (needs ffmpeg)", async () => {
  const { asked } = await worked(({ path }) => (path === "claim" ? claimed() : {}));
  expect(ClaimInput.safeParse(asked[0]?.body).error).toBeUndefined();
  expect(asked[0]?.body.selftest).toMatchObject({
    ffmpeg: tools?.version,
    encoder: "libx264",
    nvenc: "NO_LIB",
  });
});

test
  .skipIf(!tools)
  .concurrent(
    "a container that has lost its card makes way for another, but not for ever (needs ffmpeg)",
    { timeout: 60_000 },
    async () => {
      using card = createCard({ smi: SMI.lost }, tools?.ffmpeg ?? "");
      const env = { PATH: card.path, NVIDIA_VISIBLE_DEVICES: "GPU-5c0e5bd0" };
      const source = { kind: "url", url: "http://10.0.0.1/talk.mp4" } as const;
      const attempt = (epoch: number) =>
        worked(({ path }) => (path === "claim" ? claimed({ job: { ...aJobSpec({ source }), epoch } }) : {}), {
          env,
        });
      const [first, third] = await Promise.all([attempt(1), attempt(3)]);
      expect(first.exit).toBe(71);
      expect(first.reports.at(-1)).toMatchObject({
        code: "GPU_UNAVAILABLE",
        error: expect.stringContaining("GPU_LOST"),
      });
      expect(third.reports.at(-1)).toMatchObject({ code: "SOURCE_REFUSED" }); // it went on without
      const host = await worked(({ path }) => (path === "claim" ? claimed() : {}), {
        env: { PATH: card.path },
      });
      expect(host.reports.at(-1)).toMatchObject({ code: "SOURCE_REFUSED" });
    },
  );

test.concurrent("a command that is none is named", async () => {
  const { exit, said } = await worked(() => ({}), { args: ["selftst"] });
  expect(exit).toBe(64);
  expect(said).toContain("selftst");
});

test.concurrent("a machine without ffmpeg is named", async () => {
  const env = { PATH: "/nowhere", FFMPEG_PATH: "/nowhere/ffmpeg" };
  const { exit, reports } = await worked(({ path }) => (path === "claim" ? claimed() : {}), { env });
  expect(exit).toBe(70);
  expect(reports.at(-1)).toMatchObject({
    code: "FFMPEG_MISSING",
    error: expect.stringContaining("does not run"),
  });
});

test
  .skipIf(!tools)
  .concurrent("a cancel that a heartbeat hears ends the work, and the end is told (needs ffmpeg)", () =>
    withStalledSource(async (claim) => {
      const { exit, reports } = await worked(({ path }, count) => {
        if (path === "claim") return claim;
        return { body: { ...PULSE, cancel: path === "heartbeat" && count > 3 } };
      });
      expect(exit).toBe(130);
      expect(reports.at(-1)).toMatchObject({ status: "FAILED", code: "CANCELLED", stage: "DOWNLOAD" });
    }),
  );

test.skipIf(!tools).concurrent("an attempt that has been fenced ends without a word (needs ffmpeg)", () =>
  withStalledSource(async (claim) => {
    const { exit, reports } = await worked(({ path }, count) => {
      if (path === "claim") return claim;
      return path === "heartbeat" && count > 3 ? problem(409, "FENCED") : {};
    });
    expect(exit).toBe(75);
    expect(reports.map(({ status }) => status)).not.toContain("FAILED");
  }),
);

test
  .skipIf(!tools)
  .concurrent(
    "F39: a worker whose clock is days ahead has the time that it was given (needs ffmpeg)",
    async () => {
      const deadline = new Date(Date.now() - 3 * 86_400_000).toISOString();
      const { reports } = await worked(({ path }) =>
        path === "claim" ? claimed({ deadline, seconds_left: 3600 }) : { body: PULSE },
      );
      expect(reports.at(-1)).toMatchObject({ status: "FAILED", code: "SOURCE_REFUSED" }); // and not TIMED_OUT
    },
  );

test.skipIf(!tools).concurrent("the deadline ends the work by name (needs ffmpeg)", () =>
  withStalledSource(async ({ body }) => {
    const deadline = () => new Date(Date.now() + 1000).toISOString();
    const { exit, reports } = await worked(({ path }) =>
      path === "claim" ? { body: { ...(body as ClaimAnswer), deadline: deadline() } } : {},
    );
    expect(exit).toBe(124);
    expect(reports.at(-1)).toMatchObject({ status: "FAILED", code: "TIMED_OUT" });
  }),
);

test.concurrent("SIGTERM ends a worker that waits for the API", async () => {
  const { exit } = await worked(() => problem(503, "UNAVAILABLE"), { stop: "SIGTERM" });
  expect(exit).toBe(130);
});
