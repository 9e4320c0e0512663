import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { checkFile, checkForm, checkLength, inWords, isRefusal, type JobForm } from "./job-form.ts";
import { codeProblem } from "./problem.ts";

const t = translateTo("en");
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
  expect(checkForm(t, aForm({ address: "  https://example.com/talk.mp4 " }), MAX_BYTES)).toEqual({
    ok: true,
    request: { clip_duration_seconds: 45, clip_count: 2, language: "auto" },
    videoUrl: "https://example.com/talk.mp4",
  });
});

test("the provider that was chosen goes along, and nothing where none was", () => {
  expect(checkForm(t, aForm({ compute: ["docker"] }), MAX_BYTES)).toMatchObject({
    request: { compute: ["docker"] },
  });
  expect(checkForm(t, aForm(), MAX_BYTES)).not.toHaveProperty("request.compute");
  expect(checkForm(t, aForm({ compute: ["Not a name"] }), MAX_BYTES)).toMatchObject({ field: "compute" });
  expect(inWords("compute: docker is not configured; there is process")).toBe(
    "docker is not configured; there is process",
  );
});

test("wishes go along where there are any", () => {
  const wishes = { captionPreset: "pop", tighten: true, outputLanguage: "id", about: " the dog " } as const;
  expect(checkForm(t, aForm(wishes), MAX_BYTES)).toMatchObject({
    request: { caption_preset: "pop", tighten: true, output_language: "id", about: "the dog" },
  });
  expect(checkForm(t, aForm({ about: "x".repeat(301) }), MAX_BYTES)).toMatchObject({
    field: "about",
    problem: { message: "What the moments are about must be at most 300 characters" },
  });
  expect(checkForm(t, aForm({ outputLanguage: "no language" }), MAX_BYTES)).toMatchObject({
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
  const checked = checkForm(t, aForm({ address }), MAX_BYTES);
  expect(checked).toMatchObject({ ok: false, field: "source", problem: { code, message } });
});

test("a private address is left to the API, which knows what its operator allows", () => {
  expect(checkForm(t, aForm({ address: "http://127.0.0.1:4000/talk.mp4" }), MAX_BYTES).ok).toBe(true);
});

test.each([
  [{ durationSeconds: 90 }, "durationSeconds", "The clip length must be between 30 and 60"],
  [{ count: 6 }, "count", "The number of clips must be between 1 and 5"],
] as const)("%j is refused at its own field", (overrides, field, message) => {
  expect(checkForm(t, aForm(overrides), MAX_BYTES)).toMatchObject({ ok: false, field, problem: { message } });
});

test("a file goes before an address, and no address is sent with it", () => {
  const checked = checkForm(
    t,
    aForm({ address: "nonsense", file: { name: "talk.mp4", size: 10 } }),
    MAX_BYTES,
  );
  expect(checked).toMatchObject({ ok: true, videoUrl: null });
});

test("a file that is empty or larger than the installation takes is refused before a byte is sent", () => {
  expect(checkFile(t, { size: 0 }, MAX_BYTES)?.code).toBe("SOURCE_UNREADABLE");
  expect(checkFile(t, { size: 3_000_000_000 }, MAX_BYTES)?.message).toBe(
    "The file has 3 GB; this installation takes up to 2 GB",
  );
  expect(checkFile(t, { size: 3_000_000_000 }, undefined)).toBeNull();
});

test("a video that is too long, or too short for such clips, is told so before a job is made of it", () => {
  const limits = { most: 4 * 3600, wanted: 60 };
  expect(checkLength(t, 4 * 3600 + 1, limits)).toMatchObject({
    code: "SOURCE_TOO_LONG",
    message: "The video is 4 h long; this installation takes up to 4 h",
  });
  expect(checkLength(t, 47, limits)).toMatchObject({
    code: "SOURCE_TOO_SHORT",
    message: "The video is 47 s long; a clip of 1 min needs at least 48 s",
  });
  expect(checkLength(t, 48, limits)).toBeNull();
  expect(checkLength(t, 1e6, { most: undefined, wanted: 30 })).toBeNull();
  expect(checkLength(t, null, limits)).toBeNull();
});

test("what is certain to fail is refused beforehand, what may only have gone wrong now is not", () => {
  expect(isRefusal(codeProblem("SOURCE_REFUSED", ""))).toBe(true);
  expect(isRefusal(codeProblem("SOURCE_UNREACHABLE", ""))).toBe(false);
  expect(isRefusal(codeProblem("SOURCE_NOT_FOUND", ""))).toBe(false);
});

test("what is wrong is said in the reader's language", () => {
  const checked = checkForm(translateTo("id"), aForm({ address: "" }), MAX_BYTES);
  expect(checked).toMatchObject({ problem: { message: "Alamat wajib diisi", from: "page" } });
});
