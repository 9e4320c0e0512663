import type { ProviderView } from "@kangklip/contract";
import { expect, test } from "vitest";
import { linesOf } from "./doctor-providers.ts";

const plain = { bold: (text: string) => text, dim: (text: string) => text };
const operator: NonNullable<ProviderView["operator"]> = {
  detail: "Docker Engine 28.2",
  gpus: 2,
  free_usd: null,
  running: 1,
  capabilities: {
    ...({ submit: "native", deadline: "none", logs: "live", env_visible_to: "host" } as const),
    ...{ gpu: true, list: true },
  },
  held: null,
  offers: [
    {
      ...{ provider: "docker", label: "GPU 0", gpu: "NVIDIA RTX 3060", vram_gb: 12 },
      ...{ usd_per_hour: 0, availability: "available" },
    },
    {
      ...{ provider: "docker", label: "GPU 10", gpu: "NVIDIA L4", vram_gb: 24 },
      ...{ usd_per_hour: null, availability: "full" },
    },
  ],
};
const docker: ProviderView = { id: "docker", ok: true, gpu: "NVIDIA RTX 3060", usd_per_hour: 0, operator };

test("a provider that can be used is told with its offers and prices", () => {
  expect(linesOf(docker, plain)).toEqual([
    "✓ docker    Docker Engine 28.2",
    "            1 launch there now",
    "            GPU 0, NVIDIA RTX 3060, 12 GB  $0.00/h          free now",
    "            GPU 10, NVIDIA L4, 24 GB       price not known  full",
  ]);
});

test("one that cannot be used says why, and what to do", () => {
  const away = { ...operator, detail: "No engine answers", gpus: null, running: 0, offers: [] };
  expect(linesOf({ ...docker, ok: false, operator: away }, plain)).toEqual([
    "✗ docker    No engine answers",
    "            More in docs/docker.md",
  ]);
  expect(linesOf({ ...docker, id: "my-cluster", ok: false, operator: null }, plain).at(-1)).toContain(
    "docs/compute.md",
  );
});

test("one that has nothing to offer, and one that is left alone for now, say so", () => {
  const held = { reason: "The key was not taken", until: "2026-01-01T12:00:00.000Z" };
  const lines = linesOf({ ...docker, operator: { ...operator, offers: [], held } }, plain);
  expect(lines[2]).toMatch(/^ {12}Left alone until \d\d:\d\d: The key was not taken$/);
  expect(lines[3]).toContain("MIN_VRAM_GB");
  const again = { ...held, reason: `says: ${operator.detail}` }; // once is enough
  expect(linesOf({ ...docker, operator: { ...operator, held: again } }, plain)[2]).toMatch(
    /until \d\d:\d\d$/,
  );
});

test("a stranger sees what everybody may", () => {
  expect(linesOf({ ...docker, operator: null }, plain)).toEqual(["✓ docker    NVIDIA RTX 3060 · $0.00/h"]);
});
