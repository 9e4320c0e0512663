import { createHash } from "node:crypto";
import type { JobId } from "@kangklip/contract";
import { testWallet } from "@kangklip/localnet/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createTestingLedger } from "./credits/testing-ledger.ts";
import { startTestApi } from "./testing.ts";
import { SETTINGS_OF_NO_CHAIN, signed } from "./testing-credits.ts";
import { ENTRIES, PROCEDURES } from "./testing-routes.ts";

const JOB = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
const chain = createTestingLedger({ blocksPerCall: 1 });
const [rich, poor] = [testWallet("rich"), testWallet("poor")];
const addressOf = (wallet: typeof rich) => wallet.publicKey.toBase58();
let api: Awaited<ReturnType<typeof startTestApi>>;
let written: string[] = [];
let job: { job_id: JobId; job_token: string };
let token: string;
let others: Record<string, string>;

async function signIn(wallet: typeof rich): Promise<string> {
  const wallet_address = addressOf(wallet);
  const { nonce, challenge } = (await api.rest("POST", "/api/auth/challenge", { wallet_address })).body;
  const signature = signed(wallet, challenge);
  return (await api.rest("POST", "/api/auth/verify", { wallet_address, nonce, signature })).body.auth_token;
}

beforeAll(async () => {
  chain.give(addressOf(rich), 100);
  api = await startTestApi({
    env: { ...SETTINGS_OF_NO_CHAIN, GENERATION_FEE: "2" },
    wrap: (ports) => {
      const names = ["insert", "replace", "note", "take"] as const;
      const noted = (name: (typeof names)[number]) => ({
        // biome-ignore lint/suspicious/noExplicitAny: hands on what it was given
        [name]: (...given: any[]) => {
          written.push(`${name} ${given[0]?.job_id ?? given[0]}`);
          return (ports.store[name] as (...all: unknown[]) => Promise<unknown>)(...given);
        },
      });
      const store = Object.assign({ ...ports.store }, ...names.map(noted));
      return { ...ports, store, ledger: chain.ledger };
    },
  });
  token = await signIn(rich);
  job = (await api.rest("POST", "/api/jobs", JOB, { "x-auth-token": token })).body;
  expect((await api.until(job.job_id)).status).toBe("SUCCEEDED");
  await vi.waitFor(async () => expect(await api.services.store.active()).toEqual([]), 20_000);
  const over = await signIn(rich);
  await api.rest("POST", "/api/auth/logout", {}, { "x-auth-token": over });
  others = {
    "a token of nobody": `kkw_${"w".repeat(43)}`,
    "a session that was ended": over,
    "a job's token": job.job_token,
    "the operator's token": api.config.operatorToken,
    "the token's own hash, as it is stored": createHash("sha256").update(token).digest("hex"),
    "the wallet's address": addressOf(rich),
    "one character more": `${token}A`,
    "only its beginning": token.slice(0, -1),
    "the same twice": `${token}, ${token}`,
    "in quotes": `"${token}"`,
    "without its beginning": token.slice(4),
    "a token of 10 kB": "x".repeat(10_240),
  };
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());

/** What a route does once credits are on; the rest answers to nobody or to everybody. */
const isOpen = /challenge$|verify$|Retired$|topup\/(quote|confirm)$/i;
const FOR_WALLETS = Object.entries(ENTRIES).filter(
  ([route, { guard }]) => (guard === "nobody" && !isOpen.test(route)) || /unlock$/.test(route),
);

async function ask(route: string, headers: Record<string, string>) {
  const input: Record<string, unknown> = {
    ...ENTRIES[route]?.input?.({ job: job.job_id, live: job.job_id, launch: "", upload: "" }),
    unlock_request_id: "u",
  };
  const procedure = PROCEDURES[route];
  if (procedure) {
    const isQuery = procedure._def.type === "query";
    const query = isQuery ? `?input=${encodeURIComponent(JSON.stringify(input))}` : "";
    return api.rest(isQuery ? "GET" : "POST", `/trpc/${route}${query}`, isQuery ? undefined : input, headers);
  }
  const [method = "", path = ""] = route.split(" ");
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => String(input[name]));
  return api.rest(method.toUpperCase(), filled, method === "get" ? undefined : input, headers);
}

test("these routes are for wallets", () => {
  expect(FOR_WALLETS.map(([route]) => route)).toEqual([
    ...["get /api/jobs/mine", "post /api/jobs/{job_id}/claim"],
    "post /api/jobs/{job_id}/clips/{clip_file}/unlock",
    ...["get /api/auth/session", "post /api/auth/logout"],
    ...["get /api/credits/balance", "post /api/credits/topup/usdc/intent"],
    ...[
      "post /api/credits/topup/usdc/send",
      "post /api/credits/topup/usdc/confirm",
      "post /api/credits/faucet",
    ],
    ...["jobs.mine", "jobs.claim", "clips.unlock", "auth.session", "auth.logout"],
    ...[
      "credits.balance",
      "credits.topupIntent",
      "credits.topupSend",
      "credits.topupConfirm",
      "credits.faucet",
    ],
  ]);
});

describe.each(FOR_WALLETS)("%s", (route) => {
  test("every wrong session is refused in one and the same way, none at all in another, and nothing is changed", async () => {
    const mine = { "x-job-token": job.job_token };
    written = [];
    const answers = new Set<string>();
    for (const [what, wrong] of Object.entries(others)) {
      const { status, body } = await ask(route, { ...mine, "x-auth-token": wrong });
      expect(status, what).toBe(401);
      answers.add(JSON.stringify(body));
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers].join()).toContain("invalid auth token");
    for (const headers of [
      {},
      { "x-auth-token": "" },
      { authorization: `Bearer ${token}` },
      { cookie: `x-auth-token=${token}` },
      { "x-operator-token": api.config.operatorToken },
    ]) {
      const { status, body } = await ask(route, { ...mine, ...headers });
      expect([status, JSON.stringify(body).includes("auth token required")]).toEqual([401, true]);
    }
    expect(written).toEqual([]);
  });
});

test("the right session is not refused: what the tests above send is right but for that", async () => {
  for (const [route] of FOR_WALLETS) {
    const session = await signIn(rich); // logout is among them
    const { status } = await ask(route, { "x-job-token": job.job_token, "x-auth-token": session });
    expect(status, route).not.toBe(401);
  }
});

test("no route gives a locked clip's revision, neither of the clip's job nor of the revision's; unlocked once, all of its revisions are", async () => {
  const made = (await api.rest("POST", "/api/jobs", JOB, { "x-auth-token": token })).body;
  expect((await api.until(made.job_id)).status).toBe("SUCCEEDED");
  const mine = { "x-job-token": made.job_token, "x-auth-token": token };
  const clip = (id: string) => `/api/jobs/${id}/clips/clip_01.mp4`;
  const revised = async (base_revision: number, title: string): Promise<JobId> => {
    const { body } = await api.rest(
      "POST",
      `${clip(made.job_id)}/edit`,
      { base_revision, edit: { title } },
      mine,
    );
    expect(body).toEqual({ edit_job_id: expect.stringMatching(/^kk_/), revision: base_revision + 1 });
    expect((await api.until(body.edit_job_id)).status).toBe("SUCCEEDED");
    return body.edit_job_id;
  };
  /** Status and length of what each route gives. */
  const given = async (id: string) => {
    const view = `/trpc/clips.view?input=${encodeURIComponent(JSON.stringify({ job_id: id, clip_file: "clip_01.mp4" }))}`;
    const ways = [clip(id), `${clip(id)}/download`, `${clip(id)}/preview`, view];
    const names = ["clip_01.mp4", "clip_01_preview.mp4"].map((name) => `/api/jobs/${id}/artifacts/${name}`);
    const answers = [];
    for (const path of [...ways, ...names]) {
      const { status, body } = await api.rest("GET", path, undefined, mine);
      const url: string | undefined = body.url ?? body.result?.data?.url;
      answers.push(status === 200 ? await bytesOf(path, url) : status);
    }
    return answers;
  };
  const bytesOf = async (path: string, url = path) =>
    (await (await fetch(`${api.url}${url}`, { headers: mine })).arrayBuffer()).byteLength;
  const spent = chain.spent(addressOf(rich));
  const second = await revised(1, "Two");
  expect(await given(made.job_id)).toEqual([403, 403, 501, 501, 404, 404]);
  expect(await given(second)).toEqual([409, 409, 409, 409, 404, 404]);
  for (const path of ["results", "edl"])
    expect((await api.rest("GET", `/api/jobs/${second}/${path}`, undefined, mine)).status).toBe(409);
  const unlock = (id: string) => api.rest("POST", `${clip(id)}/unlock`, { unlock_request_id: "u2" }, mine);
  expect((await unlock(second)).status).toBe(409);
  expect(chain.spent(addressOf(rich))).toBe(spent);
  expect((await unlock(made.job_id)).status).toBe(200);
  const third = await revised(2, "Three");
  expect(await given(made.job_id)).toEqual([5002, 5002, 502, 5002, 404, 404]);
  for (const id of [second, third]) expect(await given(id)).toEqual([409, 409, 409, 409, 404, 404]);
  const shown = await api.rest("POST", `${clip(made.job_id)}/show`, { revision: 1 }, mine);
  expect(shown.body.map((one: { shown: boolean }) => one.shown)).toEqual([true, false, false]);
  expect(await given(made.job_id)).toEqual([5000, 5000, 500, 5000, 404, 404]);
  const listed = (await api.rest("GET", "/api/jobs/mine", undefined, mine)).body;
  const ids = listed.map(({ job_id }: { job_id: JobId }) => job_id);
  expect([made.job_id, second, third].map((id) => ids.includes(id))).toEqual([true, false, false]);
});

describe("making a job where it costs 2 credits", () => {
  const make = async (body: unknown, headers: Record<string, string> = {}) => {
    const answer = await api.rest("POST", "/api/jobs", body, headers);
    return [answer.status, answer.body.detail];
  };

  test("asks for a wallet once the request is right, and for enough credits then", async () => {
    expect((await api.rest("GET", "/api/system")).body).toMatchObject({ credits: true, generation_fee: 2 });
    expect(await make({})).toEqual([400, "video_url is required"]);
    expect(await make(JOB)).toEqual([401, "auth token required"]);
    expect(await make(JOB, { "x-auth-token": `kkw_${"w".repeat(43)}` })).toEqual([401, "invalid auth token"]);
    expect(await make(JOB, { "x-auth-token": await signIn(poor) })).toEqual([402, "insufficient_credits"]);
    expect(chain.spent(addressOf(poor))).toBe(0);
  });

  test("takes them once, also where the request is repeated with its Idempotency-Key", async () => {
    const before = chain.spent(addressOf(rich));
    const headers = { "x-auth-token": await signIn(rich), "idempotency-key": "a-job" };
    const [first, again] = [
      await api.rest("POST", "/api/jobs", JOB, headers),
      await api.rest("POST", "/api/jobs", JOB, headers),
    ];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.body).toEqual(first.body);
    expect(chain.spent(addressOf(rich))).toBe(before + 2);
  });

  test("another wallet with the same Idempotency-Key is somebody else", async () => {
    const headers = { "x-auth-token": await signIn(poor), "idempotency-key": "a-job" };
    expect(await make(JOB, headers)).toEqual([402, "insufficient_credits"]);
  });
});
