"use client";
import type { ServiceStatus } from "@kangklip/contract";
import { CircleAlert, CircleCheck, CloudOff } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useNow } from "../hooks/use-now.ts";
import { STATUS_SECONDS, useStatus } from "../hooks/use-status.ts";
import { problemOf } from "../lib/problem.ts";
import { sinceMs, spanText } from "../lib/time.ts";
import { ProblemCard } from "./problem-card.tsx";
import { StatusChecks, StatusPlaces, StatusQueue } from "./status-parts.tsx";

/** How this installation is, kept up to date while somebody looks. */
export function StatusScreen() {
  const t = useTranslations();
  const format = useFormatter();
  const { status, error, asking, answeredAt, ask } = useStatus();
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const clock = (at: number) => format.dateTime(at, { timeStyle: "medium", timeZone });
  const problem = error === null ? null : problemOf(error);
  if (problem?.code) return <ProblemCard problem={problem} onRetry={ask} />; // it answers, but not this
  if (!status && !problem)
    return (
      <div role="status">
        <span className="sr-only">{t("status.asking")}</span>
        <div className="skeleton h-24" />
        <div className="skeleton mt-6 h-40" />
      </div>
    );
  return (
    <>
      <div
        role="status"
        className={`flex items-start gap-4 rounded-panel border p-5 sm:p-6 ${problem || !status?.ok ? "border-bad bg-bad-soft" : "border-line bg-surface"}`}
      >
        {problem ? (
          <Verdict
            icon={<CloudOff size={28} className="text-bad" />}
            title={t("status.silent")}
            text={
              answeredAt === null
                ? t("status.silentNever")
                : t("status.silentSeen", { time: clock(answeredAt) })
            }
          />
        ) : (
          status && <Well status={status} />
        )}
      </div>
      <p className="mt-3 flex flex-wrap items-center justify-between gap-x-6 text-sm text-soft">
        <span className="tabular-nums">
          {answeredAt !== null && t("status.askedAt", { time: clock(answeredAt), seconds: STATUS_SECONDS })}
        </span>
        <button
          type="button"
          className="text-link inline-flex min-h-11 items-center"
          onClick={ask}
          aria-disabled={asking}
        >
          {asking ? t("status.asking") : t("status.again")}
        </button>
      </p>
      {status && (
        <div className={problem ? "opacity-70" : ""}>
          <StatusQueue queue={status.queue} />
          <StatusPlaces places={status.providers} />
          <StatusChecks checks={status.checks} />
          <About status={status} timeZone={timeZone} />
        </div>
      )}
    </>
  );
}

function Well({ status: { ok, checks } }: { status: ServiceStatus }) {
  const t = useTranslations();
  const all = checks.every((check) => check.ok);
  if (!ok)
    return (
      <Verdict
        icon={<CircleAlert size={28} className="text-bad" />}
        title={t("status.notWell")}
        text={t("status.notWellMore")}
      />
    );
  return (
    <Verdict
      icon={<CircleCheck size={28} className="text-good" />}
      title={all ? t("status.well") : t("status.partly")}
      text={all ? t("status.wellMore") : t("status.partlyMore")}
    />
  );
}

function Verdict({ icon, title, text }: { icon: React.ReactNode; title: string; text: string }) {
  return (
    <>
      <span aria-hidden="true" className="shrink-0">
        {icon}
      </span>
      <div className="min-w-0">
        <h2 className="mt-0! mb-1! text-2xl!">{title}</h2>
        <p>{text}</p>
      </div>
    </>
  );
}

function About({ status, timeZone }: { status: ServiceStatus; timeZone: string }) {
  const t = useTranslations();
  const format = useFormatter();
  const now = useNow(true);
  const date = format.dateTime(new Date(status.since), { dateStyle: "medium", timeStyle: "short", timeZone });
  return (
    <section aria-labelledby="about">
      <h2 id="about">{t("status.about")}</h2>
      <dl className="grid grid-cols-2 gap-4">
        <div>
          <dt className="text-sm text-soft">{t("status.version")}</dt>
          <dd className="font-medium">
            <bdi dir="ltr" translate="no">
              {status.version}
            </bdi>
          </dd>
        </div>
        <div>
          <dt className="text-sm text-soft">{t("status.since")}</dt>
          <dd className="font-medium tabular-nums">
            {t("status.sinceAgo", { date, span: spanText(t, sinceMs(status.since, now) / 1000) })}
          </dd>
        </div>
      </dl>
    </section>
  );
}
