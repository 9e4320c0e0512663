import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lacking, WORKS } from "./ability.ts";
import { type Abilities, keptAbilities, keyOf } from "./machine-kept.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kk-machine-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

const ALL: Abilities = { nvenc: WORKS, nvdec: WORKS, cudaWhisper: WORKS };
const HOUR_MS = 3_600_000;

/** Abilities by trying, and how often it was tried. */
function trials(...found: Abilities[]) {
  let count = 0;
  return { attempt: async () => found[count++] ?? ALL, count: () => count };
}

describe("what a card can do", () => {
  test("is tried once an hour on a machine that stays as it is", async () => {
    const { attempt, count } = trials({
      ...ALL,
      nvenc: lacking("NO_ENGINE", "this card has no H.264 encoder"),
    });
    const first = await keptAbilities(dir, "key", attempt, 0);
    expect(await keptAbilities(dir, "key", attempt, HOUR_MS - 1)).toEqual(first);
    expect(count()).toBe(1);
    expect(await keptAbilities(dir, "key", attempt, HOUR_MS)).toEqual(ALL);
    expect(readdirSync(dir)).toEqual(["machine.json"]);
  });

  test("is tried again where anything else is there, and where the clock was put back", async () => {
    const { attempt, count } = trials();
    await keptAbilities(dir, "key", attempt, HOUR_MS);
    await keptAbilities(dir, "another key", attempt, HOUR_MS);
    await keptAbilities(dir, "another key", attempt, HOUR_MS - 1);
    expect(count()).toBe(3);
  });

  test.each(["NO_ANSWER", "SESSION_LIMIT", "NO_DEVICE", "WRONG_PICTURE", "UNKNOWN"])(
    "is tried again by the next worker after %s",
    async (code) => {
      const { attempt, count } = trials(ALL, { ...ALL, nvdec: lacking(code, "") });
      await keptAbilities(dir, "before", attempt, 0);
      expect((await keptAbilities(dir, "key", attempt, 0)).nvdec.code).toBe(code);
      expect(await keptAbilities(dir, "key", attempt, 0)).toEqual(ALL);
      expect(count()).toBe(3);
    },
  );

  test.each(["", "{", "null", '{"key":"key","at":0,"abilities":{}}'])(
    "is tried where %s is kept",
    async (text) => {
      writeFileSync(join(dir, "machine.json"), text);
      const { attempt, count } = trials();
      expect(await keptAbilities(dir, "key", attempt, 1)).toEqual(ALL);
      expect(count()).toBe(1);
    },
  );

  test("is known also where nothing can be kept", async () => {
    expect(await keptAbilities(join(dir, "gone"), "key", trials().attempt)).toEqual(ALL);
  });

  test("is nobody else's to read", async () => {
    await keptAbilities(dir, "key", trials().attempt);
    expect(statSync(join(dir, "machine.json")).mode & 0o777).toBe(0o600);
  });

  test("failing to find out is the caller's", async () => {
    const broken = keptAbilities(dir, "key", () => Promise.reject(new Error("cancelled")));
    await expect(broken).rejects.toThrow("cancelled");
  });
});

test("the key tells programs, cards and libraries apart", async () => {
  const program = join(dir, "ffmpeg");
  writeFileSync(program, "one");
  chmodSync(program, 0o755);
  const keys = [
    await keyOf(["card"], [program]),
    await keyOf(["other card"], [program]),
    await keyOf(["card"], []),
  ];
  keys.push(await keyOf(["card"], [join(dir, "gone")]));
  writeFileSync(program, "two");
  utimesSync(program, 1, 1);
  keys.push(await keyOf(["card"], [program]));
  vi.stubEnv("LD_LIBRARY_PATH", "/opt/cuda");
  keys.push(await keyOf(["card"], [program]));
  expect(new Set(keys).size).toBe(keys.length);
  expect(await keyOf(["card"], [program])).toBe(keys.at(-1));
});
