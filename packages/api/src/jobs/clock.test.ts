import { expect, test } from "vitest";
import { createClock } from "./clock.ts";

/** A machine with a steady clock and a wall clock of its own, beside a store with another one. */
function aMachine({ wallSkewMs = 0 } = {}) {
  const real = { ms: 0 };
  const machine = {
    wallSkewMs,
    storeAt: 1_800_000_000_000,
    away: false,
    wayMs: 0,
    pass(ms: number) {
      real.ms += ms;
      machine.storeAt += ms;
    },
    steady: () => real.ms,
    wall: () => machine.storeAt + machine.wallSkewMs,
    store: {
      async time() {
        machine.pass(machine.wayMs);
        if (machine.away) throw new Error("away");
        const told = machine.storeAt;
        machine.pass(machine.wayMs);
        return told;
      },
    },
    clock: () => createClock(machine.store, { steady: machine.steady, wall: machine.wall }),
  };
  return machine;
}

test("F39: processes whose machines disagree by minutes agree through the store, before and after", async () => {
  for (const wallSkewMs of [-5 * 60_000, 5 * 60_000, -3 * 86_400_000]) {
    const machine = aMachine({ wallSkewMs });
    const clock = machine.clock();
    expect(clock.now()).toBe(machine.wall()); // all that is known so far
    await clock.sync();
    expect(clock.now()).toBe(machine.storeAt);
    machine.pass(3_600_000);
    expect(clock.now()).toBe(machine.storeAt);
  }
});

test("F40: a wall clock that jumps back an hour neither stops time nor turns it back", async () => {
  const machine = aMachine();
  const clock = machine.clock();
  await clock.sync();
  const before = clock.now();
  machine.storeAt -= 3_600_000;
  let last = before;
  for (let seconds = 10; seconds <= 3 * 3600; seconds += 10) {
    machine.pass(10_000);
    await clock.sync();
    const now = clock.now();
    expect(now - last).toBeGreaterThanOrEqual(4_990);
    expect(now - last).toBeLessThanOrEqual(10_010);
    last = now;
  }
  expect(Math.abs(last - machine.storeAt)).toBeLessThanOrEqual(10);
});

test("a clock that is behind is put forward, as after a night with the lid closed", async () => {
  const machine = aMachine();
  const clock = machine.clock();
  await clock.sync();
  machine.storeAt += 8 * 3_600_000;
  await clock.sync();
  expect(clock.now()).toBe(machine.storeAt);
});

test("time goes on while the store is away", async () => {
  const machine = aMachine();
  const clock = machine.clock();
  await clock.sync();
  const before = clock.now();
  machine.away = true;
  machine.pass(60_000);
  await expect(clock.sync()).rejects.toThrow("away");
  expect(clock.now()).toBe(before + 60_000);
});

test("the way to the store and back is counted, and an answer that took too long is not believed", async () => {
  const machine = aMachine();
  const clock = machine.clock();
  await clock.sync();
  machine.wayMs = 400;
  await clock.sync();
  expect(Math.abs(clock.now() - machine.storeAt)).toBeLessThanOrEqual(1);
  machine.wayMs = 5000;
  machine.storeAt += 3_600_000;
  const before = clock.now();
  await clock.sync();
  expect(clock.now()).toBe(before + 10_000);
});

test("it never goes back, however often it is asked while it is put right", async () => {
  const machine = aMachine();
  const clock = machine.clock();
  let last = 0;
  for (let round = 0; round < 500; round++) {
    machine.pass(37);
    if (round % 7 === 0) machine.storeAt += round % 2 ? -900 : 850;
    if (round % 5 === 0) await clock.sync();
    const now = clock.now();
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  }
});
