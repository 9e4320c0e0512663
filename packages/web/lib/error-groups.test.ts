import { ErrorCode } from "@kangklip/contract";
import { expect, test } from "vitest";
import { codesByGroup, errorCodeOf, errorGroup } from "./error-groups.ts";

test("every code of the table is in one group, and no group is empty", () => {
  const groups = codesByGroup();
  expect(groups.flatMap(([, codes]) => codes).sort()).toEqual([...ErrorCode.options].sort());
  for (const [group, codes] of groups) expect(codes, group).not.toEqual([]);
});

test.each([
  ["SOURCE_BLOCKED", "source"],
  ["INSUFFICIENT_CREDITS", "money"],
  ["GPU_UNAVAILABLE", "machine"],
  ["INVALID_INPUT", "request"],
] as const)("%s is about %s", (code, group) => expect(errorGroup(code)).toBe(group));

test("an address names a code in any case, and nothing that objects inherit", () => {
  expect(errorCodeOf("source-blocked")).toBe("SOURCE_BLOCKED");
  for (const text of ["toString", "__proto__", "", "SOURCE_"]) expect(errorCodeOf(text), text).toBeNull();
});
