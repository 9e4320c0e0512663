import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { UploadFailure } from "./part-upload.ts";
import { uploadProblem, waitingText } from "./upload-text.ts";

const t = translateTo("en");

test("an upload that ended badly says what became of the file, in the reader's language", () => {
  expect(uploadProblem(t, new UploadFailure("changed"))).toMatchObject({
    code: "INVALID_INPUT",
    from: "page",
  });
  expect(uploadProblem(t, new UploadFailure("refused", { status: 413 }))).toMatchObject({
    ...{ code: "UPLOAD_FAILED", message: "The file was not taken (HTTP 413)", from: "page" },
  });
  expect(uploadProblem(translateTo("id"), new UploadFailure("busy")).message).toBe(
    "KangKlip sedang terlalu sibuk",
  );
});

test("a refusal that the API explains keeps its sentence, which is English", () => {
  const failure = new UploadFailure("refused", {
    status: 413,
    code: "TOO_LARGE",
    message: "That is too much",
  });
  expect(uploadProblem(t, failure)).toMatchObject({
    code: "TOO_LARGE",
    message: "That is too much",
    from: "api",
  });
});

test("each wait says that it ends by itself", () => {
  expect(waitingText(t, "offline").what).toContain("by itself");
  expect(waitingText(t, "unreachable").title).toBe("The connection broke");
});
