import { expect, test } from "vitest";
import { notifyState } from "./notify.ts";

test.each([
  [undefined, "on", "unsupported"],
  ["default", null, "ask"],
  ["default", "on", "ask"], // the permission was taken back
  ["granted", null, "ask"], // granted, and switched off again here
  ["granted", "on", "on"],
  ["denied", null, "ask"], // nobody is told of a permission that they did not ask for
  ["denied", "on", "denied"],
] as const)("with the permission %s and the wish %s it is %s", (permission, kept, state) =>
  expect(notifyState(permission, kept)).toBe(state),
);
