import { randomBytes } from "node:crypto";
import { MAX_SHARES, SHARE_SECONDS, SharedClips, type ShareView } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { aHouse, OPERATOR, withToken } from "../credits/testing-house.ts";
import { createRetention } from "../jobs/retention.ts";
import { aCharge, START } from "../jobs/testing.ts";
import { createLog } from "../log.ts";
import { createShares } from "./shares.ts";

const NOWHERE = { code: "NOT_FOUND", message: "This link does not lead to clips, or not any more" };
const HOUR_MS = 3_600_000;
const nameIn = (url: string | null) => new URL(url ?? "", "http://localhost").pathname.split("/").at(-1);

/** A house with links on a clock that a test sets. */
async function aSharingHouse() {
  const clock = { now: Date.now() };
  const house = aHouse({ now: () => clock.now });
  const api = await house.api();
  const secret = randomBytes(32);
  const sharesWith = (key: Buffer) =>
    createShares({ ...api, artifacts: house.artifacts, secret: key, now: () => clock.now });
  return Object.assign(house, { clock, secret, sharesWith, shares: sharesWith(secret) });
}
const share = async (house: Awaited<ReturnType<typeof aSharingHouse>>, over = {}) => {
  const job = await house.finished();
  const made = await house.shares.create({ job_id: job.id, ...over }, withToken(job.token));
  return { job, made, access: withToken(job.token) };
};

describe("whoever has the link", () => {
  test("sees an unlocked clip whole and a locked one as its marked preview, never more", async () => {
    await using house = await aSharingHouse();
    const job = await house.finished({
      job: { charges: [aCharge({ what: "clip_02.mp4", state: "CHARGED" })] },
    });
    for (const owner of [withToken(job.token), OPERATOR]) {
      const { token } = await house.shares.create({ job_id: job.id }, owner);
      const seen = SharedClips.parse(await house.shares.view(token));
      expect(seen.clips.map(({ clip_file, kind }) => [clip_file, kind])).toEqual([
        ["clip_01.mp4", "preview"],
        ["clip_02.mp4", "full"],
      ]);
      const [locked, whole] = seen.clips;
      expect([nameIn(locked?.url ?? ""), locked?.download_url]).toEqual(["clip_01_preview.mp4", null]);
      expect(nameIn(whole?.url ?? "")).toBe("clip_02.mp4");
      const link = new URL(whole?.download_url ?? "", "http://localhost");
      expect([nameIn(link.href), link.searchParams.get("download")]).toEqual([
        "clip_02.mp4",
        "02 clip_02.mp4",
      ]);
      expect(nameIn(locked?.cover_url ?? "")).toBe("clip_01.jpg");
      expect(JSON.stringify(seen)).not.toMatch(/clip_01\.mp4\?/);
      expect(JSON.stringify(seen)).not.toContain(job.token);
    }
  });

  test("sees nothing of a locked clip that has no preview", async () => {
    await using house = await aSharingHouse();
    const job = await house.finished({ previews: false });
    const { token } = await house.shares.create({ job_id: job.id }, withToken(job.token));
    expect((await house.shares.view(token)).clips).toEqual([]);
  });

  test("sees the clips that were shared, and no other", async () => {
    await using house = await aSharingHouse();
    const { made } = await share(house, { clip_files: ["clip_02.mp4", "clip_02.mp4"] });
    expect(made.clip_files).toEqual(["clip_02.mp4"]);
    expect((await house.shares.view(made.token)).clips.map(({ index }) => index)).toEqual([2]);
  });

  test("is given links that live no longer than the share", async () => {
    await using house = await aSharingHouse();
    const paid = { job: { charges: [aCharge({ what: "clip_01.mp4", state: "CHARGED" })] } };
    const job = await house.finished(paid);
    const { token } = await house.shares.create(
      { job_id: job.id, expires_in_seconds: SHARE_SECONDS.least },
      withToken(job.token),
    );
    const lives = async () => {
      const [clip] = (await house.shares.view(token)).clips;
      const at = (url: string | null | undefined) =>
        Number(new URL(url ?? "", "http://localhost").searchParams.get("expires")) - Date.now() / 1000;
      return [at(clip?.url), at(clip?.cover_url), at(clip?.download_url)];
    };
    const near = (most: number) => (seconds: number) => seconds > most - 60 && seconds <= most + 1;
    const first = await lives();
    expect([first.slice(0, 2).every(near(600)), near(3600)(first[2] ?? 0)]).toEqual([true, true]);
    house.clock.now += HOUR_MS - 90_000;
    expect((await lives()).every(near(90))).toBe(true);
  });
});

describe("a link is made, listed and revoked by whoever owns the job", () => {
  test("with what it leads to and until when, as it was made", async () => {
    await using house = await aSharingHouse();
    const { job, made, access } = await share(house);
    expect(made).toEqual({
      share_id: expect.stringMatching(/^sh_/),
      token: expect.stringMatching(/^kks_[A-Za-z0-9_-]{60,200}$/),
      path: `/s/${made.token}`,
      clip_files: null,
      created_at: new Date(house.clock.now).toISOString(),
      expires_at: new Date(house.clock.now + SHARE_SECONDS.usual * 1000).toISOString(),
    });
    expect(await house.shares.list(job.id, access)).toEqual([made]);
    expect(JSON.stringify(await house.see(job.id))).not.toContain(made.token.slice(-43)); // not kept
  });

  test("and by nobody else", async () => {
    await using house = await aSharingHouse();
    const { job, made } = await share(house);
    const other = await house.finished();
    for (const access of [withToken(), withToken(other.token), withToken(made.token)]) {
      const refused = { code: "UNAUTHORIZED" };
      await expect(house.shares.create({ job_id: job.id }, access)).rejects.toMatchObject(refused);
      await expect(house.shares.list(job.id, access)).rejects.toMatchObject(refused);
      await expect(house.shares.revoke(job.id, made.share_id, access)).rejects.toMatchObject(refused);
    }
    const { made: theirs } = await share(house);
    await house.shares.revoke(job.id, theirs.share_id, withToken(job.token)); // of another job: nothing
    expect((await house.shares.view(theirs.token)).clips).toHaveLength(2);
  });

  test("of a finished job with such clips only", async () => {
    await using house = await aSharingHouse();
    const job = await house.finished();
    const access = withToken(job.token);
    await expect(
      house.shares.create({ job_id: job.id, clip_files: ["clip_05.mp4"] }, access),
    ).rejects.toMatchObject({ code: "NOT_FOUND", message: "clip not found" });
    const { store } = await house.api();
    const stored = await store.get(job.id);
    if (!stored) throw new Error("it is there");
    for (const [state, code] of [
      ["RUNNING", "CONFLICT"],
      ["FAILED", "CONFLICT"],
    ] as const) {
      const now = await store.get(job.id);
      await store.replace({ ...stored.job, state }, now?.version ?? 0);
      await expect(house.shares.create({ job_id: job.id }, access)).rejects.toMatchObject({ code });
    }
    const now = await store.get(job.id);
    await store.replace({ ...stored.job, removing: true }, now?.version ?? 0);
    await expect(house.shares.create({ job_id: job.id }, access)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  test("not more than there may be, of which those that expired or were revoked are none", async () => {
    await using house = await aSharingHouse();
    const { job, access, made } = await share(house, { expires_in_seconds: SHARE_SECONDS.least });
    const create = () => house.shares.create({ job_id: job.id }, access);
    const more: ShareView[] = [];
    for (let at = 1; at < MAX_SHARES; at++) more.push(await create());
    await expect(create()).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await house.shares.revoke(job.id, more[0]?.share_id ?? "", access)).toHaveLength(MAX_SHARES - 1);
    await create();
    await expect(create()).rejects.toMatchObject({ code: "CONFLICT" });
    house.clock.now += HOUR_MS + 1;
    await create();
    expect((await house.see(job.id)).shares).toHaveLength(MAX_SHARES);
    expect((await house.see(job.id)).shares.map(({ share_id }) => share_id)).not.toContain(made.share_id);
  });
});

describe("a link leads nowhere", () => {
  const gone = (house: { shares: ReturnType<typeof createShares> }, token: string) =>
    expect(house.shares.view(token), token.slice(0, 40)).rejects.toMatchObject(NOWHERE);

  test("once it has expired, to the millisecond, whatever time it is afterwards", async () => {
    await using house = await aSharingHouse();
    const { made, job, access } = await share(house, { expires_in_seconds: SHARE_SECONDS.least });
    house.clock.now += HOUR_MS - 1;
    expect((await house.shares.view(made.token)).clips).toHaveLength(2);
    for (const ms of [1, HOUR_MS, 90 * 24 * HOUR_MS]) {
      house.clock.now += ms;
      await gone(house, made.token);
    }
    expect(await house.shares.list(job.id, access)).toEqual([]);
  });

  test("once it was revoked, and other links go on", async () => {
    await using house = await aSharingHouse();
    const { made, job, access } = await share(house);
    const other = await house.shares.create({ job_id: job.id }, access);
    expect(await house.shares.revoke(job.id, made.share_id, access)).toEqual([other]);
    expect(await house.shares.revoke(job.id, made.share_id, access)).toEqual([other]);
    await gone(house, made.token);
    expect((await house.shares.view(other.token)).clips).toHaveLength(2);
  });

  test("once its job is being removed, and once it is", async () => {
    await using house = await aSharingHouse();
    const { made, job } = await share(house, { expires_in_seconds: SHARE_SECONDS.most });
    const { store } = await house.api();
    const stored = await store.get(job.id);
    if (!stored) throw new Error("it is there");
    await store.replace({ ...stored.job, removing: true }, stored.version);
    await gone(house, made.token);
    const retention = createRetention({
      ...{ store, artifacts: house.artifacts, keepJobsMs: 1, keepUploadsMs: 1, log: createLog("silent") },
      now: () => START + 365 * 24 * HOUR_MS,
    });
    await retention.sweep();
    expect(await store.get(job.id)).toBeUndefined();
    await gone(house, made.token);
  });

  test("with a token that is changed in any place, cut, or put together of others", async () => {
    await using house = await aSharingHouse();
    const { made, job, access } = await share(house);
    const second = await house.shares.create({ job_id: job.id }, access);
    const { made: foreign } = await share(house);
    const { token } = made;
    const id = (text: string) => text.slice(4, 56);
    const signature = (text: string) => text.slice(56);
    const wrong = [
      ...Array.from(
        token,
        (char, at) => token.slice(0, at) + (char === "A" ? "B" : "A") + token.slice(at + 1),
      ),
      ...Array.from(token, (_, at) => token.slice(0, at)),
      ...[`${token}A`, `${token}=`, ` ${token}`, `${token}\n`, `${token}\u0000`, token.toLowerCase()],
      `kks_${id(token)}${signature(second.token)}`,
      `kks_${id(second.token)}${signature(token)}`,
      `kks_${id(foreign.token).slice(0, 26)}${id(token).slice(26)}${signature(token)}`,
      `kks_${"Z".repeat(52)}${signature(token)}`,
      ...["", "kks_", job.token, made.share_id, job.id, "__proto__", "../../etc/passwd", "x".repeat(2000)],
      ...Array.from({ length: 200 }, () => `kks_${randomBytes(72).toString("base64url").slice(0, 95)}`),
      ...Array.from({ length: 50 }, () => `kks_${id(token)}${randomBytes(32).toString("base64url")}`),
    ].filter((one) => one !== token);
    for (const one of wrong) await gone(house, one);
    const others = house.sharesWith(randomBytes(32)); // another installation's secret
    await gone({ shares: others }, token);
    expect((await house.shares.view(token)).clips).toHaveLength(2);
  });
});

test("a record that was put back to before a link was made does not know it", async () => {
  await using house = await aSharingHouse();
  const { made, job } = await share(house);
  const { store } = await house.api();
  const stored = await store.get(job.id);
  if (!stored) throw new Error("it is there");
  await store.replace({ ...stored.job, shares: [] }, stored.version);
  await expect(house.shares.view(made.token)).rejects.toMatchObject(NOWHERE);
});
