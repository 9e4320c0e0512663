"use client";
import type { ClipView, JobId } from "@kangklip/contract";
import { LockOpen } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useCallback, useRef, useState } from "react";
import { useBalance, useCredits } from "../hooks/use-credits.ts";
import { useFocus } from "../hooks/use-focus.ts";
import { useSession } from "../hooks/use-session.ts";
import { useUnlock } from "../hooks/use-unlock.ts";
import type { Translate } from "../i18n/translate.ts";
import { topupHref } from "../lib/credit-text.ts";
import { type Problem, problemOf } from "../lib/problem.ts";
import { AskWallet } from "./ask-wallet.tsx";
import { ProblemLine } from "./problem-line.tsx";

/** Opens a locked clip for a credit: the price on the button, what one has beside it. */
export function ClipUnlock({ jobId, clip }: { jobId: JobId; clip: ClipView }) {
  const t = useTranslations();
  const { info, error, reload } = useCredits();
  const session = useSession();
  const { credits } = useBalance();
  const { unlock, start } = useUnlock(jobId, clip);
  const [asking, setAsking] = useState(false);
  const pressed = useRef(false);
  const box = useRef<HTMLDivElement>(null);
  const close = useCallback(() => setAsking(false), []);
  const price = info?.unlock_credits ?? 1;
  const busy = unlock.state === "unlocking" || unlock.state === "elsewhere";
  const problem = unlock.state === "failed" ? unlock.problem : null;
  const short =
    session !== null &&
    ((credits !== undefined && credits < price) || problem?.code === "INSUFFICIENT_CREDITS");

  if (error)
    return (
      <div>
        <UnlockProblem problem={problemOf(error)} />
        <button type="button" className="button button-quiet mt-2" onClick={() => reload()}>
          {t("money.unlock.again")}
        </button>
      </div>
    );
  return (
    <div ref={box} className="flex flex-col gap-2">
      {short && !busy ? (
        <TopUpLink jobId={jobId} index={clip.index} focus={pressed.current} />
      ) : (
        <button
          type="button"
          className="button button-main w-full"
          disabled={busy || info === undefined}
          onClick={() => {
            pressed.current = true;
            if (session) void start();
            else setAsking(true);
          }}
        >
          <LockOpen size={18} aria-hidden="true" />
          <span>
            {busy
              ? t("money.unlock.unlocking")
              : problem?.retryable
                ? t("money.unlock.again")
                : t("money.unlock.button", { credits: price })}{" "}
            <span className="sr-only">{t("money.unlock.ofClip", { index: clip.index })}</span>
          </span>
        </button>
      )}
      <p role="status" className="text-sm text-soft">
        {statusText(t, { state: unlock.state, short, credits, price, signedIn: session !== null })}
      </p>
      {problem && problem.code !== "INSUFFICIENT_CREDITS" && <UnlockProblem problem={problem} />}
      {info && (
        <AskWallet
          open={asking}
          onClose={close}
          returnTo={() => box.current?.querySelector<HTMLElement>("a, button") ?? null}
          info={info}
          why={t("money.unlock.why", { credits: price })}
        />
      )}
    </div>
  );
}

interface Standing {
  state: ReturnType<typeof useUnlock>["unlock"]["state"];
  short: boolean;
  credits: number | undefined;
  price: number;
  signedIn: boolean;
}

function statusText(t: Translate, { state, short, credits, price, signedIn }: Standing): string {
  if (state === "unlocking") return t("money.unlock.taking");
  if (state === "elsewhere") return t("money.unlock.elsewhere");
  if (!signedIn) return t("money.unlock.preview");
  if (credits === undefined) return t("money.asking");
  return short ? t("money.unlock.short", { price, credits }) : t("money.have", { credits });
}

/** `focus`: whether it takes the place of the button that was pressed. */
function TopUpLink({ jobId, index, focus }: { jobId: JobId; index: number; focus: boolean }) {
  const t = useTranslations();
  const link = useFocus<HTMLAnchorElement>(focus);
  return (
    <Link ref={link} href={topupHref(`/jobs/${jobId}#clip-${index}`)} className="button button-main w-full">
      {t("money.unlock.topUp")} <span className="sr-only">{t("money.unlock.ofClip", { index })}</span>
    </Link>
  );
}

function UnlockProblem({ problem }: { problem: Problem }) {
  return (
    <p role="alert" className="text-bad">
      <ProblemLine problem={problem} />
    </p>
  );
}
