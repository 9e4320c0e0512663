import { Progress } from "@base-ui/react/progress";
import { isEnded, type JobView } from "@kangklip/contract";
import type { useJobActions } from "../hooks/use-job.ts";
import { costText, hasStory, whereFact } from "../lib/compute.ts";
import { feeText } from "../lib/credit-text.ts";
import { elapsedSeconds, headline, remainingText, stageRows } from "../lib/job-view.ts";
import { clock } from "../lib/time.ts";
import { Attempts } from "./attempts.tsx";
import { CancelDialog } from "./cancel-dialog.tsx";
import { StageTimeline } from "./stage-timeline.tsx";

interface JobProgressProps {
  view: JobView;
  now: number;
  owner: boolean;
  actions: ReturnType<typeof useJobActions>;
}

/** A job on its way: what it does now, how far it is, what is behind it and what is to come. */
export function JobProgress({ view, now, owner, actions }: JobProgressProps) {
  const ended = isEnded(view.status);
  const attempt = view.attempts.at(-1);
  const remaining = remainingText(view, now);
  const cost = costText(view);
  const facts = [
    ["Elapsed", clock(elapsedSeconds(view, now))],
    ["Asked for", `${view.request.clip_count} × ${view.request.clip_duration_seconds} s`],
    whereFact(view),
    ...(attempt?.node ? [["Node", attempt.node]] : []),
    ...(view.fee ? [["Fee", feeText(view.fee)]] : []),
    ...(cost ? [[ended ? "Cost" : "Cost so far", cost]] : []),
  ];
  return (
    <section aria-label="Progress" className="panel p-5 sm:p-8">
      {!ended && (
        <Progress.Root value={view.progress} aria-valuetext={`${view.progress} percent`}>
          <div className="flex items-start justify-between gap-6">
            <div className="min-w-0">
              <Progress.Label className="block text-2xl font-semibold tracking-tight" render={<p />}>
                <span role="status">{headline(view)}</span>
              </Progress.Label>
              <p dir="auto" className="mt-1 min-h-[1.55em] break-words text-soft">
                {[view.message, remaining].filter(Boolean).join(" · ")}
              </p>
            </div>
            <p
              className="text-4xl leading-none font-semibold tracking-tight tabular-nums sm:text-5xl"
              aria-hidden="true"
            >
              {view.progress}
              <span className="text-2xl text-soft">%</span>
            </p>
          </div>
        </Progress.Root>
      )}
      <div className={ended ? "" : "mt-7"}>
        <StageTimeline rows={stageRows(view, now)} />
      </div>
      <div className="mt-7 flex flex-wrap items-end justify-between gap-x-8 gap-y-5">
        <dl className="flex flex-wrap gap-x-8 gap-y-3">
          {facts.map(([term, detail]) => (
            <div key={term} className="min-w-0">
              <dt className="text-sm text-soft">{term}</dt>
              <dd className="font-medium wrap-anywhere tabular-nums">{detail}</dd>
            </div>
          ))}
        </dl>
        {owner && !ended && view.state !== "COMMITTING" && (
          <CancelDialog
            onCancel={actions.cancel}
            cancelling={actions.cancelling || view.state === "CANCELLING"}
          />
        )}
      </div>
      {hasStory(view) && (
        <div className="mt-6 border-t border-line pt-4">
          <Attempts view={view} now={now} />
        </div>
      )}
      {!ended && (
        <p className="mt-6 border-t border-line pt-4 text-sm text-soft">
          You can close this page: the work goes on, and this address brings you back to it.
        </p>
      )}
    </section>
  );
}
