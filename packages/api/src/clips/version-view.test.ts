import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createTestingLedger } from "../credits/testing-ledger.ts";
import { aQuickWorld, CLIP, edit, finished, OPERATOR, revised, type World } from "./testing-edits.ts";

const ALICE = "Alice";
const asAlice = { token: undefined, operator: false, wallet: ALICE };

async function seen(
  { api, artifacts }: World,
  id: Parameters<World["see"]>[0],
  access: typeof OPERATOR,
  revision?: number,
) {
  const { url, kind } = await api.clips.view(id, CLIP, access, revision);
  const key = new URL(url, "http://localhost").pathname.replace("/artifacts/", "");
  return `${kind}: ${await text((await artifacts.get(key)).body)}`;
}

test("each version that is rendered can be watched, whichever is shown; one that is not is told so", async () => {
  await using world = await aQuickWorld();
  const id = await finished(world);
  await revised(world, id, { title: "Two" });
  expect(await seen(world, id, OPERATOR)).toBe("full: the whole of revision 2");
  expect(await seen(world, id, OPERATOR, 1)).toBe("full: the whole of revision 1");
  expect(await seen(world, id, OPERATOR, 2)).toBe("full: the whole of revision 2");
  await edit(world, id, { title: "Three" }, 2);
  for (const revision of [3, 9])
    await expect(seen(world, id, OPERATOR, revision)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a version of a locked clip is as locked as the clip", async () => {
  const chain = createTestingLedger({ blocksPerCall: 1 });
  chain.give(ALICE, 3);
  await using world = await aQuickWorld({ money: { chain, fee: 2, waitMs: 20_000 } });
  const id = await finished(world, ALICE);
  await revised(world, id, { title: "Two" });
  expect(await seen(world, id, asAlice, 1)).toBe("preview: a preview of revision 1");
  const stranger = { token: undefined, operator: false };
  await expect(seen(world, id, stranger, 1)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});
