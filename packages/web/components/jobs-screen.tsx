"use client";
import type { JobId } from "@kangklip/contract";
import { X } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { type ReactNode, useId, useRef, useState } from "react";
import { type JobEntry, useJobsList } from "../hooks/use-jobs-list.ts";
import { shortAddress } from "../lib/credit-text.ts";
import { nameOf } from "../lib/job-view.ts";
import { GROUPS, type Group, isWanted } from "../lib/jobs-list.ts";
import { Choice } from "./choice.tsx";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { JobsRow } from "./jobs-row.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { ProblemLine } from "./problem-line.tsx";

/** Somebody took a job out of the list, or (`undo` is null) back into it. */
interface Removal {
  name: string;
  undo: (() => void) | null;
}

/** All jobs of this browser and of the wallet that is signed in. */
export function JobsScreen() {
  const t = useTranslations();
  const list = useJobsList();
  const searchId = useId();
  const [wanted, setWanted] = useState<{ group: Group; search: string }>({ group: "all", search: "" });
  const [asking, setAsking] = useState<{ id: JobId; name: string; gone: boolean } | null>(null);
  const [removal, setRemoval] = useState<Removal | null>(null);
  const removalLine = useRef<HTMLParagraphElement>(null);
  const wasRemoved = useRef(false);
  const { entries } = list;
  const filters = wanted.group !== "all" || wanted.search.trim() !== "";
  const found = entries.filter((entry) => {
    const facts = { name: titleOf(entry), state: entry.view?.state ?? entry.row?.state ?? null };
    return !filters || isWanted(facts, wanted);
  });
  const away = entries.find(({ problem }) => problem?.code === null);
  const allAway = entries.length > 0 && entries.every(({ problem }) => problem?.code === null);

  function titleOf({ view, row }: JobEntry): string {
    return view ? nameOf(t, view) : (row?.title ?? row?.source ?? "");
  }
  function remove() {
    if (!asking) return;
    setRemoval({ name: asking.name, undo: list.remove(asking.id) });
    setAsking(null);
    wasRemoved.current = true;
  }

  return (
    <div className="page max-w-4xl pt-8 sm:pt-14">
      <h1 className="text-4xl sm:text-5xl">{t("jobs.title")}</h1>
      <p className="mt-3 mb-8 text-lg text-soft">
        {list.wallet ? t("jobs.introWallet", { wallet: shortAddress(list.wallet) }) : t("jobs.introBrowser")}
      </p>
      {removal && (
        <p
          ref={removalLine}
          role="status"
          tabIndex={-1}
          className="mb-5 flex flex-wrap items-center justify-between gap-x-4 rounded-control bg-lit-soft px-4 py-1.5"
        >
          <span className="min-w-0 py-1.5 wrap-anywhere">
            {t(removal.undo ? "jobs.remove.done" : "jobs.remove.back", { name: removal.name })}
          </span>
          {removal.undo && (
            <button
              type="button"
              className="text-link min-h-11"
              onClick={() => {
                removal.undo?.();
                setRemoval({ ...removal, undo: null });
                removalLine.current?.focus();
              }}
            >
              {t("jobs.remove.undo")}
            </button>
          )}
        </p>
      )}
      {list.walletProblem && (
        <div className="mb-6">
          <ProblemCard
            title={t("jobs.walletFailed")}
            problem={list.walletProblem}
            onRetry={list.askWalletAgain}
          />
        </div>
      )}
      {(entries.length > 0 || filters) && (
        <search className="mb-6 grid gap-4 md:grid-cols-[1fr_27rem] md:items-end">
          <div className="min-w-0">
            <label htmlFor={searchId} className="mb-2 block font-medium">
              {t("jobs.search")}
            </label>
            <input
              id={searchId}
              type="search"
              className="field"
              dir="auto"
              autoComplete="off"
              value={wanted.search}
              onChange={(event) => setWanted({ ...wanted, search: event.target.value })}
            />
          </div>
          <Choice
            long
            legend={t("jobs.show")}
            options={GROUPS.map((value) => ({ value, label: t(`jobs.group.${value}`) }))}
            value={wanted.group}
            onChange={(group) => setWanted({ ...wanted, group })}
          />
        </search>
      )}
      {allAway && away?.problem ? (
        <ProblemCard
          title={t("jobs.failed")}
          problem={away.problem}
          onRetry={() => {
            for (const entry of entries) entry.again();
          }}
        />
      ) : list.loading ? (
        <Loading />
      ) : entries.length === 0 ? (
        <Nothing
          title={t("jobs.none")}
          what={t("jobs.noneWhat")}
          more={!list.wallet ? t("jobs.noneWallet") : null}
        >
          <Link href="/generate-clips" className="button button-main">
            {t("jobs.make")}
          </Link>
        </Nothing>
      ) : (
        <>
          <ul aria-label={t("jobs.list")} className="border-t border-line">
            {found.map((entry) => (
              <Entry
                key={entry.id}
                entry={entry}
                name={titleOf(entry)}
                onRemove={(gone) => {
                  wasRemoved.current = false;
                  setAsking({ id: entry.id, name: titleOf(entry) || entry.id, gone });
                }}
              />
            ))}
          </ul>
          {found.length === 0 && (
            <Nothing title={t("jobs.noMatch")} what={t("jobs.noMatchWhat")} more={null}>
              <button
                type="button"
                className="button button-quiet"
                onClick={() => setWanted({ group: "all", search: "" })}
              >
                {t("jobs.showAll")}
              </button>
            </Nothing>
          )}
        </>
      )}
      {list.more && !list.loading && (
        <div className="mt-6 flex flex-wrap items-center gap-x-5 gap-y-2">
          <button
            type="button"
            className="button button-quiet"
            disabled={list.fetchingMore}
            onClick={list.showMore}
          >
            {t(list.fetchingMore ? "jobs.moreLoading" : "jobs.more")}
          </button>
          {filters && <p className="text-sm text-soft">{t("jobs.looked", { count: entries.length })}</p>}
        </div>
      )}
      <ConfirmDialog
        open={asking !== null}
        title={t("jobs.remove.title")}
        what={asking?.gone ? t("jobs.remove.goneWhat") : t("jobs.remove.what", { name: asking?.name ?? "" })}
        yes={t("jobs.remove.yes")}
        no={t("jobs.remove.no")}
        onYes={remove}
        onNo={() => setAsking(null)}
        returnTo={() => (wasRemoved.current ? (removalLine.current?.querySelector("button") ?? null) : null)}
      />
    </div>
  );
}

interface EntryProps {
  entry: JobEntry;
  name: string;
  onRemove: (gone: boolean) => void;
}

function Entry({ entry, name, onRemove }: EntryProps) {
  const t = useTranslations();
  const { view, problem, id } = entry;
  const gone = problem?.code === "NOT_FOUND";
  const removeButton = entry.removable && (
    <button
      type="button"
      className="grid size-11 shrink-0 place-items-center rounded-control text-soft hover:bg-sunk hover:text-ink"
      aria-label={t("jobs.row.remove", { name: name || id })}
      onClick={() => onRemove(gone)}
    >
      <X size={18} aria-hidden="true" />
    </button>
  );
  if (view) return <JobsRow view={view}>{removeButton}</JobsRow>;
  return (
    <li className="flex min-h-20 items-center gap-4 border-b border-line py-3">
      <div className="min-w-0 flex-1">
        {problem ? (
          gone ? (
            <>
              <p className="font-medium">{t("jobs.row.gone")}</p>
              <p className="text-sm text-soft">{t("jobs.row.goneWhat")}</p>
            </>
          ) : (
            <>
              <p className="text-sm text-soft">
                <ProblemLine problem={problem} />
              </p>
              <button type="button" className="text-link min-h-11 text-sm" onClick={entry.again}>
                {t("jobs.row.again")}
              </button>
            </>
          )
        ) : (
          <>
            <span className="skeleton block h-5 w-3/5" />
            <span className="skeleton mt-2 block h-4 w-2/5" />
            <span className="sr-only">{t("jobs.row.loading")}</span>
          </>
        )}
        {problem && (
          <p className="text-xs wrap-anywhere text-soft">
            <code dir="ltr">{id}</code>
          </p>
        )}
      </div>
      {removeButton}
    </li>
  );
}

function Loading() {
  const t = useTranslations();
  return (
    <div role="status">
      <span className="sr-only">{t("jobs.row.loading")}</span>
      {[0, 1, 2].map((row) => (
        <div key={row} className="flex min-h-20 items-center gap-4 border-b border-line">
          <span className="skeleton aspect-[9/14] w-10 sm:w-12" />
          <span className="flex-1">
            <span className="skeleton block h-5 w-3/5" />
            <span className="skeleton mt-2 block h-4 w-2/5" />
          </span>
        </div>
      ))}
    </div>
  );
}

interface NothingProps {
  title: string;
  what: string;
  more: string | null;
  children: ReactNode;
}

function Nothing({ title, what, more, children }: NothingProps) {
  return (
    <section className="rounded-panel border border-dashed border-line-strong px-6 py-12 text-center">
      <h2 className="text-2xl">{title}</h2>
      <p className="mx-auto mt-2 max-w-prose text-soft">{what}</p>
      {more && <p className="mx-auto mt-1 max-w-prose text-soft">{more}</p>}
      <div className="mt-6">{children}</div>
    </section>
  );
}
