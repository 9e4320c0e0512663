import { Progress } from "@base-ui/react/progress";
import { isEnded, type JobView } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useEta } from "../hooks/use-eta.ts";
import type { useJob, useJobActions } from "../hooks/use-job.ts";
import type { Translate } from "../i18n/translate.ts";
import { costText, hasStory, whereFact } from "../lib/compute.ts";
import { feeText } from "../lib/credit-text.ts";
import type { Eta } from "../lib/eta.ts";
import { elapsedSeconds, headline, remainingText, stageRows } from "../lib/job-view.ts";
import { clock, roughSpanText, spanText } from "../lib/time.ts";
import { Attempts } from "./attempts.tsx";
import { CancelDialog } from "./cancel-dialog.tsx";
import { LogDrawer } from "./log-drawer.tsx";
import { NotifyButton } from "./notify-button.tsx";
import { Said } from "./said.tsx";
import { StageTimeline } from "./stage-timeline.tsx";

interface JobProgressProps {
  view: JobView;
  now: number;
  owner: boolean;
  link: ReturnType<typeof useJob>["link"];
  actions: ReturnType<typeof useJobActions>;
}

const DOTS = { live: "bg-good", polled: "bg-lit", offline: "bg-bad" };

/** A job on its way: what it does now, how far it is, how long it takes, what is behind it and what is to come. */
export function JobProgress({ view, now, owner, link, actions }: JobProgressProps) {
  const t = useTranslations();
  const eta = useEta(view, now);
  const ended = isEnded(view.status);
  const attempt = view.attempts.at(-1);
  const left = etaText(t, eta) ?? remainingText(t, view, now);
  const cost = costText(t, view);
  const { clip_count, clip_duration_seconds } = view.request;
  const facts: [string, string][] = [
    [t("job.progress.elapsed"), clock(elapsedSeconds(view, now))],
    [
      t("job.progress.asked"),
      t("job.progress.askedFor", { count: clip_count, span: spanText(t, clip_duration_seconds) }),
    ],
    whereFact(t, view),
    ...(attempt && view.attempts.length > 1
      ? [[t("job.progress.attempt"), String(attempt.epoch)] satisfies [string, string]]
      : []),
    ...(attempt?.node ? [[t("job.progress.node"), attempt.node] satisfies [string, string]] : []),
    ...(view.fee ? [[t("job.progress.fee"), feeText(t, view.fee)] satisfies [string, string]] : []),
    ...(cost
      ? [[ended ? t("job.progress.cost") : t("job.progress.costSoFar"), cost] satisfies [string, string]]
      : []),
  ];
  return (
    <section aria-label={t("job.progress.label")} className="panel p-5 sm:p-8">
      {!ended && (
        <Progress.Root
          value={view.progress}
          aria-valuetext={t("job.progress.percent", { percent: view.progress })}
        >
          <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
            <div className="min-w-0 flex-1 basis-60">
              <Progress.Label className="block text-2xl font-semibold tracking-tight" render={<p />}>
                <span role="status">{headline(t, view)}</span>
              </Progress.Label>
              <p className="mt-1 min-h-[1.55em] break-words text-soft">
                {view.message && <Said>{view.message}</Said>}
              </p>
            </div>
            <div className="text-end max-sm:flex max-sm:w-full max-sm:items-baseline max-sm:justify-between max-sm:gap-4">
              <p
                className="text-4xl leading-none font-semibold tracking-tight tabular-nums sm:text-5xl"
                aria-hidden="true"
              >
                {view.progress}
                <span className="text-2xl text-soft">%</span>
              </p>
              <p className="mt-2 min-h-[1.55em] text-soft tabular-nums">{left}</p>
            </div>
          </div>
        </Progress.Root>
      )}
      <div className={ended ? "" : "mt-7"}>
        <StageTimeline rows={stageRows(view, now)} />
      </div>
      <dl className="mt-7 flex flex-wrap gap-x-8 gap-y-3">
        {facts.map(([term, detail]) => (
          <div key={term} className="min-w-0">
            <dt className="text-sm text-soft">{term}</dt>
            <dd className="font-medium wrap-anywhere tabular-nums">
              <bdi>{detail}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {(owner || !ended) && (
        <div className="mt-6 flex flex-wrap items-start gap-3">
          {!ended && <NotifyButton />}
          {owner && <LogDrawer jobId={view.job_id} ended={ended} />}
          {owner && !ended && view.state !== "COMMITTING" && (
            <CancelDialog
              onCancel={actions.cancel}
              cancelling={actions.cancelling || view.state === "CANCELLING"}
            />
          )}
        </div>
      )}
      {hasStory(view) && (
        <div className="mt-6 border-t border-line pt-4">
          <Attempts view={view} now={now} />
        </div>
      )}
      {!ended && (
        <div className="mt-6 flex flex-wrap items-baseline justify-between gap-x-6 gap-y-2 border-t border-line pt-4 text-sm text-soft">
          <p>{t("job.progress.closing")}</p>
          <p className="flex items-center gap-2">
            <span aria-hidden="true" className={`size-2 rounded-full ${DOTS[link]}`} />
            {t(`job.progress.${link}`)}
          </p>
        </div>
      )}
    </section>
  );
}

function etaText(t: Translate, eta: Eta | null): string | null {
  if (!eta) return null;
  if (eta.shown === null) return t("job.left.longer");
  return t("job.left.whole", { span: roughSpanText(t, eta.shown) });
}
