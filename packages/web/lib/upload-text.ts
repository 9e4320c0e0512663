import type { Translate } from "../i18n/translate.ts";
import type { UploadFailure, Waiting } from "./part-upload.ts";
import { codeProblem, type Problem } from "./problem.ts";

/** An upload that does not go on, as the page shows failures. Pure. */
export function uploadProblem(t: Translate, { reason, status, code, message }: UploadFailure): Problem {
  switch (reason) {
    case "changed":
      return codeProblem("INVALID_INPUT", t("builder.file.changed")); // what to do is in the sentence
    case "lost":
      return codeProblem("NOT_FOUND", t("builder.upload.lost"));
    case "busy":
      return codeProblem("UNAVAILABLE", t("builder.upload.busy"));
    case "refused":
      if (code) return codeProblem(code, message, "api");
      return codeProblem("UPLOAD_FAILED", t("builder.upload.refused", { status: status ?? 0 }));
  }
}

/** Why nothing is sent at present, and what comes of it. Pure. */
export function waitingText(t: Translate, why: Waiting["why"]): { title: string; what: string } {
  return { title: t(`builder.upload.${why}`), what: t(`builder.upload.${why}What`) };
}
