import { expect, test } from "vitest";
import { beepAt, largestStep } from "./files-sound.ts";
import { BEEP } from "./sources.ts";

const RATE = 48_000;
const sound = (seconds: number, of: (time: number) => number) =>
  Float32Array.from({ length: seconds * RATE }, (_, i) => of(i / RATE));
const noise = (time: number) => 0.03 * Math.sin(time * 1e7);

test.each([0.2, 0.5034, 1.1])("a beep at %f s is found to 2 ms, over noise and a hum", (at) => {
  const heard = sound(2, (time) => {
    const beep = time >= at && time < at + 0.1 ? 0.3 * Math.sin(2 * Math.PI * BEEP * time) : 0;
    return beep + noise(time) + 0.2 * Math.sin(2 * Math.PI * 100 * time);
  });
  expect(Math.abs((beepAt(heard) ?? 0) - at)).toBeLessThan(0.002);
});

test("without a beep there is none", () => {
  expect(beepAt(sound(1, () => 0))).toBeNull();
});

test("a click at a join is loud, a fade and a tone's own steps are not", () => {
  const tone = (time: number) => 0.3 * Math.sin(2 * Math.PI * 100 * time);
  const level = (of: (time: number) => number) => 20 * Math.log10(largestStep(sound(2, of), [1]));
  expect(level(tone)).toBeLessThan(-45);
  expect(level((time) => tone(time < 1 ? time : time + 0.0037))).toBeGreaterThan(-20);
  const faded = (time: number) =>
    tone(time < 1 ? time : time + 0.0037) * Math.min(1, Math.abs(time - 1) / 0.01);
  expect(level(faded)).toBeLessThan(-40);
  expect(
    largestStep(
      sound(2, (time) => (time < 0.5 ? 1 : 0)),
      [1],
    ),
  ).toBeLessThan(1e-5); // elsewhere
});
