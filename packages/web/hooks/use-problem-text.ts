import { useLocale, useTranslations } from "next-intl";
import type { Translate } from "../i18n/translate.ts";
import type { Problem } from "../lib/problem.ts";
import type { WalletFailure } from "../lib/wallet-error.ts";

/** A problem in words. */
interface ProblemText {
  /** What happened, in the reader's language. */
  title: string;
  /** What happened in this very case, where more is known than the title says; else null. */
  detail: string | null;
  /** The language of `detail` where it is not the reader's: the API speaks English. */
  detailLang: "en" | undefined;
  /** Why it may have happened; null where `detail` says it. */
  cause: string | null;
  /** What to do about it. */
  action: string;
}

const WALLET = {
  rejected: "rejected",
  "wrong-network": "wrongNetwork",
  unable: "unable",
  "no-account": "noAccount",
  "no-keys": "noKeys",
  changed: "changed",
  failed: "failed",
} as const satisfies Record<WalletFailure, string>;

/** A problem in words of the language that `t` speaks. Pure. @param foreign whether that language is another than English */
export function problemText(t: Translate, problem: Problem, foreign: boolean): ProblemText {
  if (problem.wallet) {
    const { failure, name } = problem.wallet;
    const key = `errors.wallet.${WALLET[failure]}` as const;
    return {
      title: t(`${key}.title`, { name }),
      detail: null,
      detailLang: undefined,
      cause: null,
      action: t(`${key}.action`),
    };
  }
  const key = `errors.${problem.code ?? "unreachable"}` as const;
  const detail = problem.from === "table" ? null : problem.message;
  const detailLang = foreign && detail && problem.from === "api" ? "en" : undefined;
  return {
    title: t(`${key}.title`),
    detail,
    detailLang,
    cause: detail === null || detailLang ? t(`${key}.cause`) : null,
    action: t(`${key}.action`),
  };
}

/** Says problems in the reader's language: gives what happened, why and what to do. */
export function useProblemText(): (problem: Problem) => ProblemText {
  const t = useTranslations();
  const foreign = useLocale() !== "en"; // also in the language of tests
  return (problem) => problemText(t, problem, foreign);
}
