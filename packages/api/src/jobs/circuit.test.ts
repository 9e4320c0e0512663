import { expect, test } from "vitest";
import { createCircuit } from "./circuit.ts";

function aCircuit(random = 0) {
  const clock = { now: 1_000_000 };
  return { clock, circuit: createCircuit({ now: () => clock.now, random: () => random }) };
}
const failure = { retryAfterMs: undefined };

test("each failure doubles the time until the next try, up to a minute", () => {
  const { clock, circuit } = aCircuit();
  const waits = Array.from({ length: 7 }, () => {
    circuit.failed(failure, false, "says: no");
    const { ms = 0, until = 0 } = circuit.held() ?? {};
    expect(until - clock.now).toBe(ms);
    clock.now = until;
    return ms / 1000;
  });
  expect(waits).toEqual([5, 10, 20, 40, 60, 60, 60]);
});

test("what a person has to mend is tried after a minute, then less often, at least every ten minutes", () => {
  const { circuit } = aCircuit();
  const waits = Array.from({ length: 6 }, () => {
    circuit.failed(failure, true, "refuses the key");
    return (circuit.held()?.ms ?? 0) / 60_000;
  });
  expect(waits).toEqual([1, 2, 4, 8, 10, 10]);
  expect(circuit.held()).toMatchObject({ lasting: true, why: "refuses the key" });
});

test("waits differ by a fifth, but a provider that says how long is taken at its word, within half an hour", () => {
  const { circuit } = aCircuit(1);
  circuit.failed(failure, false, "");
  expect(circuit.held()?.ms).toBe(6000);
  circuit.failed({ retryAfterMs: 7000 }, false, "");
  expect(circuit.held()?.ms).toBe(7000);
  circuit.failed({ retryAfterMs: 0 }, false, "");
  expect(circuit.held()?.ms).toBe(1000);
  circuit.failed({ retryAfterMs: 1e12 }, false, "");
  expect(circuit.held()?.ms).toBe(30 * 60_000);
});

test("after the wait one tries, and the others wait for its luck", () => {
  const { clock, circuit } = aCircuit();
  circuit.asked(); // all is well: nobody waits
  expect(circuit.held()).toBeUndefined();
  circuit.failed(failure, true, "says: no");
  clock.now += 60_000;
  expect(circuit.held()).toBeUndefined();
  circuit.asked();
  expect(circuit.held()).toMatchObject({ lasting: false, until: clock.now + 30_000 });
  circuit.worked();
  expect(circuit.held()).toBeUndefined();
  circuit.failed(failure, false, "");
  expect(circuit.held()?.ms).toBe(5000); // it begins anew
});

test("who tries and says nothing of it does not keep the others waiting for ever", () => {
  const { clock, circuit } = aCircuit();
  circuit.failed(failure, false, "");
  clock.now += 5000;
  circuit.asked();
  clock.now += 30_000;
  expect(circuit.held()).toBeUndefined();
});
