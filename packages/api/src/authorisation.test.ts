import { createHash } from "node:crypto";
import type { JobId } from "@kangklip/contract";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { attemptToken, claimToken } from "./jobs/tokens.ts";
import { startTestApi } from "./testing.ts";
import { ENTRIES, type Guard, KNOWN, type Names, PROCEDURES } from "./testing-routes.ts";

const HEADER: Partial<Record<Guard, string>> = {
  job: "x-job-token",
  attempt: "x-attempt-token",
  callback: "x-callback-token",
  operator: "x-operator-token",
  upload: "x-upload-token",
};
/** Places where a credential does not belong, for any guard but its own. */
const HEADERS = [
  "x-job-token",
  "x-attempt-token",
  "x-callback-token",
  "x-upload-token",
  "x-auth-token",
  "authorization",
  "cookie",
];

let api: Awaited<ReturnType<typeof startTestApi>>;
let names: Names;
/** The right credential of each guard. */
let right: Record<"job" | "attempt" | "callback" | "claim" | "operator" | "upload", string>;
/** Good credentials of something else. */
let others: Record<string, string>;
let written: string[] = [];

beforeAll(async () => {
  api = await startTestApi({
    env: { MAX_RUNNING_JOBS: "6" },
    wrap: (ports) => {
      const noted = (name: "insert" | "remember" | "note" | "take") => ({
        // biome-ignore lint/suspicious/noExplicitAny: hands on what it was given
        [name]: (...given: any[]) => {
          written.push(`${name} ${given[0]?.job_id ?? given[0]}`);
          return (ports.store[name] as (...all: unknown[]) => Promise<unknown>)(...given);
        },
      });
      const store = {
        ...ports.store,
        ...noted("insert"),
        ...noted("remember"),
        ...noted("note"),
        ...noted("take"),
      };
      return { ...ports, store };
    },
  });
  const made = async (path: string): Promise<{ job_id: JobId; job_token: string }> =>
    (
      await api.rest("POST", "/api/jobs", {
        ...{ video_url: `https://example.com/${path}.mp4`, clip_duration_seconds: 30, clip_count: 1 },
      })
    ).body;
  const attemptOf = async (id: JobId, epoch: number) => {
    await vi.waitFor(
      async () => {
        const attempt = (await api.services.store.get(id))?.job.attempts.find((one) => one.epoch === epoch);
        if (!attempt?.nonce_hash || attempt.seq < 1) throw new Error(`${id} is not claimed yet`);
      },
      { timeout: 30_000, interval: 50 },
    );
    const attempt = (await api.services.store.get(id))?.job.attempts.find((one) => one.epoch === epoch);
    const launch = attempt?.launch_key ?? "";
    return { launch, token: attemptToken(api.config.secret, launch, attempt?.nonce_hash ?? "") };
  };
  const [done, other, gone, silent, also, twice] = [
    ...(await Promise.all(["ok", "ok", "ok"].map(made))),
    ...(await Promise.all(["silent", "silent", "silent"].map(made))),
  ] as { job_id: JobId; job_token: string }[] as [Made, Made, Made, Made, Made, Made];
  const first = await attemptOf(twice.job_id, 1);
  const failed = { job_id: twice.job_id, status: "FAILED", error: "x" };
  await api.rest("POST", "/api/callback/nosana", failed, { "x-callback-token": first.token });
  for (const { job_id } of [done, other, gone]) expect((await api.until(job_id)).status).toBe("SUCCEEDED");
  await vi.waitFor(async () => expect(await api.services.store.active()).not.toContain(gone.job_id), 20_000);
  await api.services.store.remove(gone.job_id);
  const [mine, theirs, second] = [
    await attemptOf(silent.job_id, 1),
    await attemptOf(also.job_id, 1),
    await attemptOf(twice.job_id, 2),
  ];
  const [file, another] = await Promise.all(
    ["a.mp4", "b.mp4"].map(
      async (filename) => (await api.rest("POST", "/api/uploads", { filename, size_bytes: 9 })).body,
    ),
  );
  names = { job: done.job_id, live: silent.job_id, launch: mine.launch, upload: file.upload_id };
  right = {
    job: done.job_token,
    attempt: mine.token,
    callback: mine.token,
    claim: claimToken(api.config.secret, mine.launch),
    operator: api.config.operatorToken,
    upload: file.upload_token,
  };
  others = {
    "the token of another job": other.job_token,
    "the token of a job that is gone": gone.job_token,
    "the token of a running job": silent.job_token,
    "the attempt token of another job": theirs.token,
    "the attempt token of an attempt that is over": first.token,
    "the attempt token of a later attempt": second.token,
    "the claim token of this attempt": right.claim,
    "the claim token of another attempt": claimToken(api.config.secret, theirs.launch),
    "the token's own hash, as it is stored": createHash("sha256").update(done.job_token).digest("hex"),
    "the token of another upload": another.upload_token,
    "the upload's own id": file.upload_id,
    "a wallet's token": `kkw_${"w".repeat(43)}`,
    "the old global callback token": "one-token-for-all",
    "a token of 10 kB": "x".repeat(10_240),
  };
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());
type Made = { job_id: JobId; job_token: string };

const swapped = (text: string) =>
  [...text].map((char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase())).join("");
const changed = (text: string, place: number) =>
  text.slice(0, place) + (text[place] === "A" ? "B" : "A") + text.slice(place + 1);

/** Wrong values for the place where the credential belongs. */
function wrongValues(guard: keyof typeof right): Record<string, string | undefined> {
  const token = right[guard];
  const foreign = Object.entries(others).filter(([, value]) => value !== token);
  return {
    "none at all": undefined,
    "an empty one": "",
    "one character off at its end": changed(token, token.length - 1),
    "one character off in its middle": changed(token, token.length >> 1),
    "only its beginning": token.slice(0, -1),
    "one character more": `${token}A`,
    "the same twice": `${token}, ${token}`,
    "in capitals and small letters the other way round": swapped(token),
    "in quotes": `"${token}"`,
    "encoded for an address": `%6b${token.slice(1)}`,
    ...Object.fromEntries(foreign),
    ...(guard !== "job" && { "a job's token": right.job }),
    ...(guard !== "operator" && { "the operator's token in this place": right.operator }),
  };
}

/** Every wrong way to ask: [what it is, headers, fields of the body]. */
function wrongWays(guard: keyof typeof right): [string, Record<string, string>, Record<string, string>][] {
  const own = HEADER[guard];
  const values = Object.entries(wrongValues(guard)).map(
    ([what, value]): ReturnType<typeof wrongWays>[number] => {
      if (!own)
        return [what, {}, value === undefined ? { claim_token: "" } : { claim_token: value.slice(0, 200) }];
      return [what, value === undefined ? {} : { [own]: value }, {}];
    },
  );
  const elsewhere = HEADERS.filter((name) => name !== own).map(
    (name): ReturnType<typeof wrongWays>[number] => {
      const value = name === "cookie" ? `${own}=${right[guard]}` : right[guard];
      return [
        `the right one in ${name}`,
        { [name]: name === "authorization" ? `Bearer ${value}` : value },
        own ? {} : { claim_token: "" },
      ];
    },
  );
  const almostOperator = changed(right.operator, 3);
  return [
    ...values,
    ...elsewhere,
    [
      "the operator's token, one character off",
      { "x-operator-token": almostOperator },
      own ? {} : { claim_token: "" },
    ],
    ...(guard === "job" || guard === "operator"
      ? []
      : [
          [
            "the operator's token",
            { "x-operator-token": right.operator },
            own ? {} : { claim_token: "" },
          ] as const,
        ].map(([what, headers, body]): ReturnType<typeof wrongWays>[number] => [what, headers, body])),
  ];
}

async function ask(route: string, headers: Record<string, string>, body: Record<string, string> = {}) {
  const input: Record<string, unknown> = { ...ENTRIES[route]?.input?.(names), ...body };
  const procedure = PROCEDURES[route];
  if (procedure) {
    // a field of the input here, a header at the other door
    const { "x-upload-token": upload_token, ...shown } = headers;
    const isField = ENTRIES[route]?.guard === "upload";
    if (isField) input.upload_token = upload_token;
    const isQuery = procedure._def.type === "query";
    const query = isQuery ? `?input=${encodeURIComponent(JSON.stringify(input))}` : "";
    return api.rest(
      isQuery ? "GET" : "POST",
      `/trpc/${route}${query}`,
      isQuery ? undefined : input,
      isField ? shown : headers,
    );
  }
  const [method = "", path = ""] = route.split(" ");
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => String(input[name]));
  const hasBody = method === "post";
  return api.rest(method.toUpperCase(), filled, hasBody ? input : undefined, headers);
}

/** What a request could have changed. Signs of life of the silent workers' launches do not count. */
async function state(): Promise<string> {
  const jobs = await api.services.store.list({ limit: 100 });
  const seen = jobs.map(({ job_id, state: at, progress, result, cancel_requested, shares, attempts }) => [
    ...[job_id, at, progress, result, cancel_requested, shares],
    ...attempts.map(({ epoch, state: of, seq, nonce_hash, outcome, claimed_at }) => [
      epoch,
      of,
      seq,
      nonce_hash,
      outcome,
      claimed_at,
    ]),
  ]);
  return JSON.stringify(seen);
}

test("the matrix names every route of both doors, and no other", () => {
  expect(Object.keys(ENTRIES).sort()).toEqual([...KNOWN].sort());
});

describe.each(Object.entries(ENTRIES).filter(([, { guard }]) => guard !== "public" && guard !== "nobody"))(
  "%s",
  (route, { guard }) => {
    test("every wrong credential is refused in one and the same way, and changes nothing", async () => {
      const ways = wrongWays(guard as keyof typeof right);
      expect(ways.length).toBeGreaterThanOrEqual(12);
      const before = await state();
      written = [];
      const answers = new Map<string, string[]>();
      for (const [what, headers, body] of ways) {
        const answer = await ask(route, headers, body);
        expect(answer.status, what).toBe(401);
        const shape = JSON.stringify([answer.status, answer.headers.get("content-type"), answer.body]);
        answers.set(shape, [...(answers.get(shape) ?? []), what]);
      }
      expect([...answers.values()]).toHaveLength(1);
      expect(written.filter((note) => note !== "remember retention")).toEqual([]); // an hourly chore's own
      expect(await state()).toBe(before);
    });
  },
);

test("the right credential is not refused: what the tests above send is right but for that", async () => {
  for (const [route, { guard }] of Object.entries(ENTRIES)) {
    if (guard !== "job" && guard !== "operator" && guard !== "upload") continue;
    const { status } = await ask(route, { [HEADER[guard] ?? ""]: right[guard] });
    // retry of a finished job is a conflict, unlock is off, and one of the routes drops the upload
    expect([200, 400, ...(guard === "upload" ? [404] : []), 409, 503], `${route}: ${status}`).toContain(
      status,
    );
    if (guard === "job")
      expect((await ask(route, { "x-operator-token": right.operator })).status, route).toBe(status);
  }
  for (const route of ["post /api/worker/heartbeat", "worker.presign"])
    expect((await ask(route, { "x-attempt-token": right.attempt })).status, route).toBe(200);
});

test.each(["post /api/worker/claim", "worker.claim"])(
  "%s: a claim token that was used is worth nothing any more",
  async (route) => {
    const before = await state();
    const answer = await ask(route, {}, { claim_token: right.claim });
    expect(answer.status).toBe(409);
    expect(JSON.stringify(answer.body)).toContain("FENCED");
    expect(await state()).toBe(before);
  },
);

test.each(["heartbeat", "report", "presign", "complete", "rank"])(
  "worker.%s: the token of an attempt that is over stops its worker (409), and changes nothing",
  async (what) => {
    const over = others["the attempt token of an attempt that is over"] ?? "";
    const launch = /kk-[0-9a-z]+/.exec(over)?.[0] ?? "";
    const job_id = `kk_${launch.slice(3).toUpperCase()}`;
    const before = await state();
    for (const route of [`post /api/worker/${what}`, `worker.${what}`]) {
      const answer = await ask(route, { "x-attempt-token": over }, { job_id });
      expect([answer.status, JSON.stringify(answer.body).includes("FENCED")], route).toEqual([409, true]);
    }
    expect(await state()).toBe(before);
  },
);

describe("routes that are open on purpose", () => {
  test("are these, and no other", () => {
    const isOpen = Object.entries(ENTRIES).filter(([, { guard }]) => guard === "public");
    expect(isOpen.map(([route]) => route)).toEqual([
      ...["post /api/jobs", "post /api/jobs/quote", "post /api/jobs/inspect", "get /api/jobs/{job_id}"],
      ...["get /api/shares/{token}", "post /api/uploads"],
      ...["get /api/credits", "get /api/system", "get /api/status", "get /api/system/providers"],
      ...[
        "jobs.create",
        "jobs.quote",
        "jobs.inspect",
        "jobs.view",
        "jobs.events",
        "shares.view",
        "uploads.create",
      ],
      ...["credits.info", "system.info", "system.status", "system.providers"],
    ]);
  });

  test("a job shows where its video came from to the right token alone", async () => {
    const view = (headers: Record<string, string>) =>
      api.rest("GET", `/api/jobs/${names.job}`, undefined, headers);
    expect((await view({ "x-job-token": right.job })).body.source.url).toContain("example.com");
    const bodies = new Set<string>();
    for (const [what, headers] of wrongWays("job")) {
      const { status, body } = await view(headers);
      expect([status, body.source], what).toEqual([200, null]);
      bodies.add(JSON.stringify(body));
    }
    expect(bodies.size).toBe(1);
    expect([...bodies].join()).not.toContain("example.com");
  });

  test("where credits are off, every asker is told the same", async () => {
    for (const [route, { guard }] of Object.entries(ENTRIES)) {
      if (guard !== "nobody" || /confirmRetired|topup\/confirm$/i.test(route)) continue;
      const answers = new Set<string>();
      for (const [, headers] of wrongWays("job")) {
        const { status, body } = await ask(route, headers);
        answers.add(JSON.stringify([status, body]));
      }
      expect(answers.size, route).toBe(1);
      expect([...answers].join(), route).toMatch(/^\[(503|410),/);
    }
  });
});
