import { expect, test } from "vitest";
import { checkFile, checkForm, inWords, type JobForm } from "./job-form.ts";

const aForm = (overrides: Partial<JobForm> = {}): JobForm => ({
  address: "https://example.com/talk.mp4",
  file: null,
  durationSeconds: 45,
  count: 2,
  language: "auto",
  compute: undefined,
  captionPreset: null,
  tighten: false,
  outputLanguage: null,
  about: "",
  ...overrides,
});
const MAX_BYTES = 2_000_000_000;

test("a good form becomes the contract's request", () => {
  expect(checkForm(aForm({ address: "  https://example.com/talk.mp4 " }), MAX_BYTES)).toEqual({
    ok: true,
    request: { clip_duration_seconds: 45, clip_count: 2, language: "auto" },
    videoUrl: "https://example.com/talk.mp4",
  });
});

test("the provider that was chosen goes along, and nothing where none was", () => {
  expect(checkForm(aForm({ compute: ["docker"] }), MAX_BYTES)).toMatchObject({
    request: { compute: ["docker"] },
  });
  expect(checkForm(aForm(), MAX_BYTES)).not.toHaveProperty("request.compute");
  expect(checkForm(aForm({ compute: ["Not a name"] }), MAX_BYTES)).toMatchObject({ field: "compute" });
  expect(inWords("compute: docker is not configured; there is process")).toBe(
    "docker is not configured; there is process",
  );
});

test("wishes go along where there are any", () => {
  const wishes = { captionPreset: "pop", tighten: true, outputLanguage: "id", about: " the dog " } as const;
  expect(checkForm(aForm(wishes), MAX_BYTES)).toMatchObject({
    request: { caption_preset: "pop", tighten: true, output_language: "id", about: "the dog" },
  });
  expect(checkForm(aForm({ about: "x".repeat(301) }), MAX_BYTES)).toMatchObject({
    field: "about",
    problem: { message: "What the moments are about must be at most 300 characters" },
  });
  expect(checkForm(aForm({ outputLanguage: "no language" }), MAX_BYTES)).toMatchObject({
    field: "outputLanguage",
  });
});

test.each([
  ["", "INVALID_INPUT", "The address is required"],
  ["talk.mp4", "INVALID_INPUT", "The address must be a valid URL"],
  ["ftp://example.com/talk.mp4", "INVALID_INPUT", "The address must be a valid URL"],
  [
    "https://me:secret@example.com/a.mp4",
    "SOURCE_REFUSED",
    "The address must not hold a user name or password",
  ],
])("the address %j is refused with %s: %s", (address, code, message) => {
  const checked = checkForm(aForm({ address }), MAX_BYTES);
  expect(checked).toMatchObject({ ok: false, field: "source", problem: { code, message } });
});

test("a private address is left to the API, which knows what its operator allows", () => {
  expect(checkForm(aForm({ address: "http://127.0.0.1:4000/talk.mp4" }), MAX_BYTES).ok).toBe(true);
});

test.each([
  [{ durationSeconds: 90 }, "durationSeconds", "The clip length must be between 30 and 60"],
  [{ count: 6 }, "count", "The number of clips must be between 1 and 5"],
] as const)("%j is refused at its own field", (overrides, field, message) => {
  expect(checkForm(aForm(overrides), MAX_BYTES)).toMatchObject({ ok: false, field, problem: { message } });
});

test("a file goes before an address, and no address is sent with it", () => {
  const checked = checkForm(aForm({ address: "nonsense", file: { name: "talk.mp4", size: 10 } }), MAX_BYTES);
  expect(checked).toMatchObject({ ok: true, videoUrl: null });
});

test("a file that is empty or larger than the installation takes is refused before a byte is sent", () => {
  expect(checkFile({ size: 0 }, MAX_BYTES)?.code).toBe("SOURCE_UNREADABLE");
  expect(checkFile({ size: 3_000_000_000 }, MAX_BYTES)?.message).toBe(
    "The file has 3 GB; this installation takes up to 2 GB",
  );
  expect(checkFile({ size: 3_000_000_000 }, undefined)).toBeNull();
});
