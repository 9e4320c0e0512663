import type { JobId, JobView } from "@kangklip/contract";
import { afterEach, expect, test, vi } from "vitest";
import { createLiveJob, type Hearing, type LiveJob, MAX_STREAMS } from "./live-jobs.ts";
import { aJobView } from "./testing-job-view.ts";

/** Much shorter than in a browser, and silence is still several beats. */
const TIMES = { beat: 30, silent: 400, look: 30 };
const ENOUGH = { timeout: 15_000, interval: 10 };
const jobOf = (number: number) => `kk_01JD000000000000000000000${number}` as JobId;

interface Tab extends LiveJob {
  hearing: Hearing;
  heard: JobView[];
}
const open: LiveJob[] = [];
const letters: BroadcastChannel[] = [];

function aTab(
  jobId: JobId,
  options: Partial<Parameters<typeof createLiveJob>[0]> & { wish?: "front" | "back" | false } = {},
): Tab {
  const tab = { hearing: "none", heard: [] } as unknown as Tab;
  const live = createLiveJob({
    jobId,
    circle: "owner",
    locks: navigator.locks,
    openChannel: (name) => new BroadcastChannel(name),
    onHearing: (hearing) => {
      tab.hearing = hearing;
    },
    onView: (view) => tab.heard.push(view),
    times: TIMES,
    ...options,
  });
  open.push(live);
  live.gets(true);
  live.want(options.wish ?? "front");
  return Object.assign(tab, live);
}
const listener = (name: string) => {
  const channel = new BroadcastChannel(name);
  letters.push(channel);
  return channel;
};
const hearings = (tabs: Tab[]) => tabs.map(({ hearing }) => hearing).sort();

afterEach(() => {
  for (const tab of open.splice(0)) tab.stop();
  for (const channel of letters.splice(0)) channel.close();
});

test("six tabs with one job have one stream between them, and all see what it brings", async () => {
  const tabs = Array.from({ length: 6 }, () => aTab(jobOf(1)));
  await expect
    .poll(() => hearings(tabs), ENOUGH)
    .toEqual([...Array.from({ length: 5 }, () => "others"), "stream"]);
  const [leader] = tabs.filter(({ hearing }) => hearing === "stream");
  const view = aJobView({ job_id: jobOf(1), version: 8 });
  leader?.tell(view);
  const others = tabs.filter((tab) => tab !== leader);
  await expect.poll(() => others.every(({ heard }) => heard.at(-1)?.version === 8), ENOUGH).toBe(true);
  expect(others[0]?.heard.at(-1)).toEqual(view);
  expect(leader?.heard).toEqual([]);
});

test("six tabs with six jobs have no more streams than there may be; one that closes makes room", async () => {
  const tabs = Array.from({ length: 6 }, (_, index) => aTab(jobOf(index + 1)));
  const streams = () => tabs.filter(({ hearing }) => hearing === "stream");
  await expect.poll(() => streams().length, ENOUGH).toBe(MAX_STREAMS);
  await new Promise((wait) => setTimeout(wait, 5 * TIMES.look));
  expect(streams()).toHaveLength(MAX_STREAMS);
  const [closed] = streams();
  closed?.stop();
  await expect.poll(() => streams().filter((tab) => tab !== closed).length, ENOUGH).toBe(MAX_STREAMS);
});

test("where the tab with the stream is closed, another one takes over", async () => {
  const [first, second] = [aTab(jobOf(1)), aTab(jobOf(1))];
  await expect.poll(() => hearings([first, second]), ENOUGH).toEqual(["others", "stream"]);
  const [leader, other] = first.hearing === "stream" ? [first, second] : [second, first];
  leader.stop();
  await expect.poll(() => other.hearing, ENOUGH).toBe("stream");
});

test("a tab that goes to the back lets one in front have the stream, and still hears of the job", async () => {
  const tab = aTab(jobOf(1));
  await expect.poll(() => tab.hearing, ENOUGH).toBe("stream");
  tab.want(false);
  expect(tab.hearing).toBe("none");
  const other = aTab(jobOf(1));
  await expect.poll(() => [tab.hearing, other.hearing], ENOUGH).toEqual(["others", "stream"]);
});

test("a tab that is frozen with the lock in its hand loses it to one in front, and to none in the back", async () => {
  const frozen = new AbortController();
  const taken = navigator.locks
    .request(
      `kk:events:${jobOf(1)}:owner`,
      () => new Promise<void>((end) => frozen.signal.addEventListener("abort", () => end())),
    )
    .catch((error: Error) => error.name);
  const back = aTab(jobOf(1), { wish: "back" });
  await new Promise((wait) => setTimeout(wait, 2 * TIMES.silent));
  expect(back.hearing).toBe("none");
  const front = aTab(jobOf(1));
  await expect.poll(() => front.hearing, ENOUGH).toBe("stream");
  expect(await taken).toBe("AbortError");
  frozen.abort();
});

test("a tab that is new is told at once what the one with the stream knows", async () => {
  const leader = aTab(jobOf(1));
  await expect.poll(() => leader.hearing, ENOUGH).toBe("stream");
  leader.tell(aJobView({ job_id: jobOf(1), version: 5 }));
  const late = aTab(jobOf(1));
  await expect.poll(() => late.heard.map(({ version }) => version), ENOUGH).toEqual([5]);
  expect(late.hearing).toBe("others");
});

test("what an owner sees stays among tabs that have the token too", async () => {
  const owner = aTab(jobOf(1));
  const anyone = aTab(jobOf(1), { circle: "anyone" });
  const wallets = [aTab(jobOf(1), { circle: null }), aTab(jobOf(2), { circle: null })];
  // none hears of it by another one, and all of them are under the same limit
  await expect
    .poll(() => hearings([owner, anyone, ...wallets]), ENOUGH)
    .toEqual(["none", "stream", "stream", "stream"]);
  owner.tell(aJobView({ job_id: jobOf(1) }));
  await new Promise((wait) => setTimeout(wait, 100));
  for (const tab of [anyone, ...wallets]) expect(tab.heard).toEqual([]);
});

test("where the tab with the stream does not get through, the others ask for themselves and leave it the lock", async () => {
  const [first, second] = [aTab(jobOf(1)), aTab(jobOf(1))];
  await expect.poll(() => hearings([first, second]), ENOUGH).toEqual(["others", "stream"]);
  const [leader, other] = first.hearing === "stream" ? [first, second] : [second, first];
  leader.gets(false);
  await expect.poll(() => other.hearing, ENOUGH).toBe("none");
  await new Promise((wait) => setTimeout(wait, 2 * TIMES.silent));
  expect(leader.hearing).toBe("stream");
  leader.gets(true);
  await expect.poll(() => other.hearing, ENOUGH).toBe("others");
});

test("what is no news of this job is not believed", async () => {
  const tab = aTab(jobOf(1), { wish: false });
  const stranger = listener(`kk:events:${jobOf(1)}:owner`);
  for (const said of [null, "hello", { kind: "view", view: { job_id: jobOf(1) } }, { kind: "stop" }])
    stranger.postMessage(said);
  stranger.postMessage({ kind: "view", view: aJobView({ job_id: jobOf(2) }) });
  stranger.postMessage({ kind: "view", view: aJobView({ job_id: jobOf(1), version: 3 }) });
  await expect.poll(() => tab.heard.map(({ version }) => version), ENOUGH).toEqual([3]);
});

test("a browser without locks, or that refuses them, has a stream in the tab in front and none in the back", async () => {
  const without = aTab(jobOf(1), { locks: undefined });
  expect(without.hearing).toBe("stream");
  without.want("back");
  expect(without.hearing).toBe("none");
  const request = vi.fn().mockRejectedValue(new DOMException("no", "SecurityError"));
  const refusing = aTab(jobOf(1), { locks: { request } as unknown as LockManager });
  await expect.poll(() => refusing.hearing, ENOUGH).toBe("stream");
});
