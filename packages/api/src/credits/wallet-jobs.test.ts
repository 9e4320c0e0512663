import { describe, expect, test } from "vitest";
import { aHouse, ask, CLIP, told, withToken } from "./testing-house.ts";

describe("jobs of a wallet", () => {
  test("are opened, listed and unlocked without their token, by that wallet alone", async () => {
    await using house = aHouse();
    const api = await house.api();
    const [alice, bob] = [await house.wallet("Alice", 5), await house.wallet("Bob", 5)];
    const job = await house.finished({ job: { wallet: "Alice" } });
    await house.finished({ job: { wallet: "Bob" } });
    const by = (wallet?: string) => withToken(undefined, wallet);
    const unlock = (wallet: string, auth: string) =>
      api.unlock.clip({ job_id: job.id, clip_file: CLIP, unlock_request_id: "id" }, by(wallet), auth);
    expect((await api.jobs.mine("Alice", { limit: 9 })).map(({ job_id }) => job_id)).toEqual([job.id]);
    expect((await api.jobs.mine("Carol", { limit: 9 })).map(({ job_id }) => job_id)).toEqual([]);
    await expect(unlock("Bob", bob)).rejects.toThrow("invalid job token");
    for (const ask of [api.clips.results, api.jobs.start, api.jobs.cancel, api.jobs.retry])
      for (const access of [by("Bob"), by()])
        await expect(ask(job.id, access)).rejects.toThrow("invalid job token");
    expect((await api.jobs.view(job.id, by("Bob"))).source).toBeNull();
    expect(await api.jobs.view(job.id, by("Alice"))).toMatchObject({
      wallet: "Alice",
      source: { title: null },
    });
    expect(await unlock("Alice", alice)).toMatchObject({ idempotency: "NEW" });
  });

  test("are claimed with their token, once", async () => {
    await using house = aHouse();
    const api = await house.api();
    const job = await house.finished();
    await expect(api.jobs.claim(job.id, withToken("no"), "Alice")).rejects.toThrow("invalid job token");
    expect(await api.jobs.claim(job.id, withToken(job.token), "Alice")).toMatchObject({ wallet: "Alice" });
    expect(await api.jobs.claim(job.id, withToken(job.token), "Alice")).toMatchObject({ wallet: "Alice" });
    const late = api.jobs.claim(job.id, withToken(job.token), "Bob");
    await expect(late).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await api.jobs.mine("Alice", { limit: 9 })).toHaveLength(1);
  });

  test("a token of one job opens no other one, nor its clips, whoever pays", async () => {
    await using house = aHouse();
    const api = await house.api();
    const alice = await house.wallet("Alice", 5);
    const [mine, other] = [await house.finished({ job: { wallet: "Alice" } }), await house.finished()];
    const mixed = { id: other.id, token: mine.token };
    expect(await told(ask(api, mixed, alice))).toBe("UNAUTHORIZED invalid job token");
    const access = withToken(mine.token, "Alice");
    await expect(api.clips.download(other.id, CLIP, access)).rejects.toThrow("invalid job token");
    expect(house.chain.taken).toEqual([]);
  });
});
