"use client";
import { Dialog } from "@base-ui/react/dialog";
import type { JobId, LogLine } from "@kangklip/contract";
import { ArrowDown, Check, Copy, ScrollText, X } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useEffect, useRef, useState } from "react";
import { useCopy } from "../hooks/use-copy.ts";
import { useLog } from "../hooks/use-log.ts";
import { logText } from "../lib/job-log.ts";
import { stageName } from "../lib/job-view.ts";
import { problemOf } from "../lib/problem.ts";
import { ProblemLine } from "./problem-line.tsx";

/** What happened to a job, line by line, beside the page; it follows the end as long as one stands there. */
export function LogDrawer({ jobId, ended }: { jobId: JobId; ended: boolean }) {
  const t = useTranslations();
  const [open, setOpen] = useState(false);
  const { data: lines, error, refetch } = useLog(jobId, { open, ended });
  const { copied, copy } = useCopy();
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger className="button button-quiet">
        <ScrollText size={18} aria-hidden="true" className="shrink-0" /> {t("job.log.button")}
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-20 min-h-dvh bg-[#05070f]/60 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="fixed inset-y-0 end-0 z-20 flex w-[44rem] max-w-full flex-col border-s border-line bg-surface shadow-panel transition-[opacity,translate] duration-200 data-ending-style:translate-x-8 data-ending-style:opacity-0 data-starting-style:translate-x-8 data-starting-style:opacity-0 rtl:data-ending-style:-translate-x-8 rtl:data-starting-style:-translate-x-8">
          <header className="border-b border-line p-5 sm:px-6">
            <div className="flex items-start justify-between gap-4">
              <Dialog.Title className="text-xl font-semibold">{t("job.log.title")}</Dialog.Title>
              <Dialog.Close
                className="-mt-2 -me-2 inline-flex size-11 shrink-0 items-center justify-center rounded-control text-soft hover:text-ink"
                aria-label={t("job.log.close")}
              >
                <X size={20} aria-hidden="true" />
              </Dialog.Close>
            </div>
            <Dialog.Description className="mt-1 text-sm text-soft">{t("job.log.text")}</Dialog.Description>
          </header>
          {error ? (
            <div role="alert" className="p-5 sm:px-6">
              <p className="font-medium">{t("job.log.failed")}</p>
              <p className="mt-1">
                <ProblemLine problem={problemOf(error)} />
              </p>
              <button type="button" className="button button-quiet mt-3" onClick={() => refetch()}>
                {t("job.log.retry")}
              </button>
            </div>
          ) : !lines ? (
            <p role="status" className="p-5 text-soft sm:px-6">
              {t("job.log.reading")}
            </p>
          ) : lines.length === 0 ? (
            <p className="p-5 text-soft sm:px-6">{t("job.log.empty")}</p>
          ) : (
            <Lines lines={lines} />
          )}
          <footer className="mt-auto flex flex-wrap items-center justify-between gap-3 border-t border-line p-4 sm:px-6">
            <p className="text-sm text-soft tabular-nums">
              {t("job.log.lines", { count: lines?.length ?? 0 })}
            </p>
            <button
              type="button"
              className="button button-quiet"
              disabled={!lines?.length}
              onClick={() => copy(logText(lines ?? []))}
            >
              {copied ? (
                <Check size={18} aria-hidden="true" className="shrink-0" />
              ) : (
                <Copy size={18} aria-hidden="true" className="shrink-0" />
              )}
              {copied ? t("job.copied") : t("job.log.copy")}
            </button>
            <span role="status" className="sr-only">
              {copied ? t("job.copied") : ""}
            </span>
          </footer>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** So near to the end (px) one still stands at the end. */
const NEAR = 40;
const COLOURS = { info: "text-soft", warn: "text-ink font-medium", error: "text-bad font-medium" };

function Lines({ lines }: { lines: LogLine[] }) {
  const t = useTranslations();
  const format = useFormatter();
  const box = useRef<HTMLElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each new line
  useEffect(() => {
    if (atEnd) toEnd();
  }, [lines, atEnd]);
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <section
        ref={box}
        aria-label={t("job.log.list")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        tabIndex={0}
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-5 py-3 sm:px-6"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR)
        }
      >
        <ol className="text-[0.95rem]">
          {lines.map(({ at, epoch, stage, level, text }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
            <li key={`${at} ${index}`} className="border-b border-line py-2 last:border-0">
              <p className="flex flex-wrap gap-x-3 text-sm text-soft tabular-nums">
                <time dateTime={at}>{format.dateTime(new Date(at), { timeStyle: "medium", timeZone })}</time>
                <span className={COLOURS[level]}>{t(`job.log.level.${level}`)}</span>
                {stage && <span>{stageName(t, stage)}</span>}
                {epoch !== null && epoch > 1 && <span>{t("job.log.attempt", { epoch })}</span>}
              </p>
              <p lang="en" dir="ltr" className="text-start wrap-anywhere">
                {text}
              </p>
            </li>
          ))}
        </ol>
      </section>
      {!atEnd && (
        <button
          type="button"
          className="button button-main absolute end-5 bottom-3 shadow-panel"
          onClick={() => {
            toEnd();
            box.current?.focus();
          }}
        >
          <ArrowDown size={18} aria-hidden="true" className="shrink-0" /> {t("job.log.end")}
        </button>
      )}
    </div>
  );
}
