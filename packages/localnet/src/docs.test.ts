import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createFaults } from "./faults.ts";
import { ownMethods } from "./methods-own.ts";

const page = readFileSync(fileURLToPath(new URL("../../../docs/credits.md", import.meta.url)), "utf8");

test("the page about credits names each switch and each method of a localnet's own, and no other", () => {
  const faults = createFaults(() => {});
  const inside = ["take", "takeLoss", "isTimeStopped"]; // the service's side of them
  const switches = Object.keys(faults).filter((name) => !inside.includes(name));
  const rows = page
    .slice(page.indexOf("| switch |"))
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  expect(named.toSorted()).toEqual(switches.toSorted());
  const methods = Object.keys(ownMethods({ give: () => "", faults, warp: () => {} }));
  const told = [...page.matchAll(/^\| `(kk_\w+)`/gm)].map(([, name]) => name);
  expect(told.toSorted()).toEqual(methods.filter((name) => name.startsWith("kk_")).toSorted());
});
