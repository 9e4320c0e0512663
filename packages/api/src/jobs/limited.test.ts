import { ProviderError } from "@kangklip/providers";
import { expect, test } from "vitest";
import { limited } from "./limited.ts";
import { createTestingProvider } from "./testing-provider.ts";

const spec = { launchKey: "kk-00000000000000000000000000-e1" } as Parameters<
  ReturnType<typeof createTestingProvider>["provider"]["submit"]
>[0];

function aLimited() {
  const testing = createTestingProvider({ now: () => 0 });
  return { testing, provider: limited(testing.provider, { ms: 50, late: () => {} }) };
}

test("after three calls that nobody answered the others are refused at once, a submission as one that was never made", async () => {
  const { testing, provider } = aLimited();
  testing.plan("observe", { delayMs: 60_000 }, 1e6);
  const look = () => provider.observe({ provider: "testing", ref: "launch 1" });
  for (let call = 0; call < 3; call++) await expect(look()).rejects.toThrow("did not answer in");
  for (let call = 0; call < 50; call++) await expect(look()).rejects.toThrow("has not answered for a while");
  const refused = await provider.submit(spec).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ProviderError);
  expect(refused).toMatchObject({ kind: "UNAVAILABLE" });
  expect(testing.count("observe")).toBe(3);
  expect(testing.count("submit")).toBe(0);
});

test("an answer of any kind begins the count anew, also one that comes too late", async () => {
  const { testing, provider } = aLimited();
  testing.plan("find", { delayMs: 200 }, 2);
  testing.plan("release", { error: "AUTH" });
  for (let call = 0; call < 2; call++) await expect(provider.find(spec.launchKey)).rejects.toThrow();
  await expect(provider.release({ provider: "testing", ref: "x" })).rejects.toThrow("AUTH");
  testing.plan("find", { delayMs: 200 }, 3);
  for (let call = 0; call < 3; call++)
    await expect(provider.find(spec.launchKey)).rejects.toThrow("did not answer");
  await expect
    .poll(() => provider.find(spec.launchKey).catch(() => "refused"), { timeout: 10_000 })
    .toEqual([]);
});
