import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Signed } from "./ledger.ts";
import { createResending } from "./resending.ts";
import { readableLog } from "./solana/testing-rpc.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const signed = (serial: number): Signed => ({
  signature: `s${serial}`,
  transaction: `t${serial}`,
  last_valid_block_height: 1,
});

function sender({
  broadcast = async () => {},
  expired = async () => null,
}: {
  broadcast?: () => Promise<void>;
  expired?: () => Promise<number | null>;
} = {}) {
  const sent: string[] = [];
  const { log, text } = readableLog();
  const resending = createResending({
    ledger: {
      broadcast: async ({ transaction }, { again }) => {
        sent.push(`${transaction} ${again}`);
        await broadcast();
      },
      expired,
    },
    log,
    now: Date.now,
  });
  return { ...resending, sent, text };
}

test("the same bytes are sent every 2 s until somebody says that they have arrived", async () => {
  const { begin, end, sent } = sender();
  begin(signed(1));
  begin(signed(1));
  await vi.advanceTimersByTimeAsync(7000);
  expect(sent).toEqual(["t1 true", "t1 true", "t1 true"]);
  end("s1");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toHaveLength(3);
  expect(vi.getTimerCount()).toBe(0);
});

test("what can no longer land, or is at it for too long, is left", async () => {
  const dead = sender({ expired: async () => 7 });
  dead.begin(signed(1));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(dead.sent).toHaveLength(4); // looked at each fifth time
  const slow = sender();
  slow.begin(signed(1));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(slow.sent.length).toBeLessThanOrEqual(75); // 150 s
  expect(vi.getTimerCount()).toBe(0);
});

test("a network that is away stops nothing, and is not asked again before it has answered", async () => {
  let asked = 0;
  const away = sender({
    broadcast: () => (++asked === 1 ? Promise.reject(new Error("away")) : new Promise(() => {})),
  });
  away.begin(signed(1));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toBe(2);
  expect(away.text()).toMatch(/could not be sent again now/);
});

test("so many at once, and none when the process ends", async () => {
  const { begin, stop, sent } = sender();
  for (let serial = 0; serial < 250; serial++) begin(signed(serial));
  await vi.advanceTimersByTimeAsync(2000);
  expect(sent).toHaveLength(200);
  stop();
  begin(signed(999));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toHaveLength(200);
  expect(vi.getTimerCount()).toBe(0);
});
