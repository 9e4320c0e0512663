"use client";
import type { ClipView, EdlClip, JobId } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { type ReactNode, useEffect, useId, useMemo, useState } from "react";
import type { useClipGround } from "../hooks/use-clip-ground.ts";
import { useCutPreview } from "../hooks/use-cut-preview.ts";
import { useDraft } from "../hooks/use-draft.ts";
import { useLeaveGuard } from "../hooks/use-leave-guard.ts";
import { useUndoKeys } from "../hooks/use-undo-keys.ts";
import { isVersionEnded, useVersions } from "../hooks/use-versions.ts";
import {
  type Changes,
  captionsWith,
  type EditWord,
  editOf,
  lengthError,
  partsWith,
  spanWith,
  windowOf,
  withText,
  wordsWith,
  wrongWith,
} from "../lib/clip-changes.ts";
import { lengthOf, spanOf, toSource } from "../lib/clip-time.ts";
import { cutPlaces, placeBeside, placeToCut } from "../lib/cut-places.ts";
import { makeCurrent } from "../lib/players.ts";
import { problemOf } from "../lib/problem.ts";
import { fineClock } from "../lib/time.ts";
import { CaptionChoice } from "./caption-choice.tsx";
import { Check } from "./check.tsx";
import { EditBar } from "./edit-bar.tsx";
import { EditCompare } from "./edit-compare.tsx";
import { EditFailed } from "./edit-failed.tsx";
import { EditHeading } from "./edit-heading.tsx";
import { EditOutdated } from "./edit-outdated.tsx";
import { EditPicture } from "./edit-picture.tsx";
import { EditPlayer } from "./edit-player.tsx";
import { EditProgress } from "./edit-progress.tsx";
import { EditSave } from "./edit-save.tsx";
import { EditTitle } from "./edit-title.tsx";
import { EditTrim } from "./edit-trim.tsx";
import { EditVersions } from "./edit-versions.tsx";
import { EditWords } from "./edit-words.tsx";
import { LeaveDialog } from "./leave-dialog.tsx";
import { Notice } from "./notice.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { ProblemLine } from "./problem-line.tsx";

interface EditorProps {
  jobId: JobId;
  ground: Omit<ReturnType<typeof useClipGround>, "view" | "clip"> & { view: ClipView; clip: EdlClip };
}

/** Changes one clip: what is changed becomes a version of its own, and each version can be shown again. */
export function Editor({ jobId, ground }: EditorProps) {
  const t = useTranslations();
  const { view, clip, spoken, sourceSeconds, hasTranscript, picture } = ground;
  const versions = useVersions(jobId, view.clip_file);
  const { draft, found, send, rebase, discard, ...drafts } = useDraft(jobId, view.clip_file);
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const changes: Changes = draft?.changes ?? {};
  const basis = useMemo(() => ({ clip, view, spoken }), [clip, view, spoken]);
  const edit = useMemo(() => editOf(basis, changes), [basis, changes]);
  const places = useMemo(
    () => cutPlaces(spoken.length > 0 ? spoken : clip.words, sourceSeconds),
    [spoken, clip.words, sourceSeconds],
  );

  const { running } = versions;
  const sent = versions.versions.find(({ revision }) => revision === draft?.sent);
  const failed = sent && isVersionEnded(sent) && sent.state !== "SUCCEEDED" ? sent : undefined;
  const isBusy = versions.edit.isPending || running !== undefined;
  const base = edit === null ? clip.revision : (draft?.base ?? clip.revision);
  const isOutdated = !isBusy && draft?.sent === null && base !== clip.revision;
  const isCaughtUp = clip.revision === versions.shown?.revision;
  useEffect(() => {
    if (sent?.state === "SUCCEEDED" && isCaughtUp) discard(); // they are in that version now
  }, [sent?.state, isCaughtUp, discard]);

  const unsaved = edit !== null && !isBusy && (draft?.sent === null || failed !== undefined);
  const guard = useLeaveGuard(unsaved, drafts.isKept);
  useEffect(() => {
    if (video) makeCurrent(video); // its keys are those of the page
  }, [video]);

  function change(next: Changes) {
    versions.edit.reset(); // what was wrong with the changes of before
    drafts.change(next, base);
  }
  const set = (part: Partial<Changes>) => change({ ...changes, ...part });
  const span = spanWith(basis, changes);
  useCutPreview(video, clip.segments, span);
  const seconds = lengthOf(partsWith(basis, changes));
  const around = useMemo(
    () => windowOf(spanOf(clip), { start: span.start, end: span.end }, sourceSeconds),
    [clip, span.start, span.end, sourceSeconds],
  );
  const words = useMemo(() => wordsWith(basis, changes, around), [basis, changes, around]);
  const title = changes.title ?? clip.title;
  const wrong = edit && wrongWith(t, edit, seconds);
  const captions = captionsWith(basis, changes);
  const cut = (edge: "start" | "end", at: number) => set({ [edge]: at });

  const step = (to: ((base: number) => void) | undefined) => {
    if (!to || isBusy) return undefined;
    return () => {
      versions.edit.reset();
      to(base);
    };
  };
  const [undo, redo] = [step(drafts.undo), step(drafts.redo)];
  useUndoKeys(undo, redo);

  /** Cuts where the video is, as near as a cut may be; gives what came of it. */
  function mark(edge: "start" | "end", videoSeconds: number): string {
    if (isBusy) return t("editor.trim.busy");
    if (!hasTranscript) return t("editor.trim.noTranscript");
    const place = placeToCut({ places, span }, edge, toSource(clip.segments, videoSeconds));
    if (!place) return t(edge === "start" ? "editor.trim.startTooLate" : "editor.trim.endTooEarly");
    cut(edge, place.at);
    return t(`editor.trim.${edge}sAt`, { place: fineClock(place.at) });
  }
  function cutBeside(edge: "start" | "end", word: EditWord) {
    const place = placeBeside({ places, span }, edge, word);
    if (place) cut(edge, place.at);
  }
  function make() {
    if (!edit || wrong) return;
    const input = { job_id: jobId, clip_file: view.clip_file, base_revision: base, edit };
    versions.edit.mutate(input, { onSuccess: ({ revision }) => send(revision) });
  }
  const show = (revision: number) => versions.show(revision, () => draft && rebase(revision));

  return (
    <>
      <EditHeading
        title={view.title}
        earlier={versions.earlier}
        later={versions.later}
        disabled={isBusy || versions.showing !== null}
        onShow={show}
      />
      <div className="grid gap-6 lg:grid-cols-[19rem_minmax(0,1fr)] lg:gap-10">
        <div className="z-1 has-[[role=dialog]]:z-3 max-lg:sticky max-lg:top-0 max-lg:-mx-4 max-lg:bg-paper max-lg:py-2 lg:sticky lg:top-6 lg:self-start">
          <EditPlayer
            jobId={jobId}
            clip={view}
            versions={versions.versions.length}
            videoRef={setVideo}
            onMark={mark}
          />
        </div>
        <div className="flex min-w-0 flex-col gap-6 max-lg:[&_:is(a,button,input,select,[tabindex])]:scroll-mt-[42dvh] [&_:is(a,button,input,select,[tabindex])]:scroll-mb-28">
          {running?.edit_job_id && (
            <EditProgress
              key={running.edit_job_id}
              jobId={running.edit_job_id}
              revision={running.revision}
              onEnd={versions.refresh}
            />
          )}
          {failed?.edit_job_id && !running && (
            <EditFailed jobId={failed.edit_job_id} version={failed} onRetry={() => versions.reload()} />
          )}
          {isOutdated && (
            <EditOutdated
              base={base}
              shown={clip.revision}
              onRebase={() => rebase(clip.revision)}
              onDiscard={discard}
            />
          )}
          {found && unsaved && !isOutdated && (
            <Notice title={t("editor.before.title")}>
              <p>{t("editor.before.what")}</p>
            </Notice>
          )}
          {versions.error && (
            <ProblemCard
              title={t("editor.unreadable")}
              problem={problemOf(versions.error)}
              onRetry={() => versions.reload()}
            />
          )}
          <Section title={t("editor.words.title")}>
            <EditTitle title={title} hook={changes.hook ?? clip.hook} disabled={isBusy} onChange={set} />
          </Section>
          <Section title={t("editor.trim.title")}>
            {hasTranscript ? (
              <fieldset
                disabled={isBusy}
                className={`min-w-0 ${isBusy ? "pointer-events-none opacity-60" : ""}`}
              >
                <EditTrim
                  span={span}
                  onChange={cut}
                  places={places}
                  view={around}
                  words={words}
                  playing={clip.segments}
                  video={video}
                  seconds={seconds}
                  error={lengthError(t, seconds)}
                />
              </fieldset>
            ) : (
              <p className="text-soft">{t("editor.trim.noTranscript")}</p>
            )}
          </Section>
          <Section title={t("editor.words.section")}>
            <EditWords
              words={words}
              playing={clip.segments}
              video={video}
              onText={(word, text) => change(withText(changes, word, text))}
              onBegin={(word) => cutBeside("start", word)}
              onEnd={(word) => cutBeside("end", word)}
              disabled={isBusy}
            />
          </Section>
          <Section title={t("editor.captions.title")}>
            <div className="flex flex-col gap-5">
              <Check
                label={t("editor.captions.show")}
                detail={t("editor.captions.showWhat")}
                checked={captions}
                disabled={isBusy}
                onChange={(on) => set({ captions: on })}
              />
              <CaptionChoice
                legend={t("editor.captions.look")}
                value={changes.caption_preset ?? clip.caption_preset ?? null}
                hasUsual={clip.caption_preset === undefined}
                disabled={isBusy || !captions}
                onChange={(preset) => {
                  const { caption_preset: _, ...others } = changes;
                  change(preset ? { ...others, caption_preset: preset } : others);
                }}
              />
            </div>
          </Section>
          <Section title={t("editor.picture.title")}>
            <EditPicture
              clip={clip}
              overrides={changes.overrides ?? clip.overrides}
              onChange={(overrides) => set({ overrides })}
              picture={picture}
              video={video}
              disabled={isBusy}
            />
          </Section>
          <Section title={t("editor.versions.title")}>
            <EditVersions
              versions={versions.versions}
              onShow={show}
              showing={isBusy ? 0 : versions.showing}
            />
            {versions.showError && (
              <p role="alert" className="mt-2 text-bad">
                <ProblemLine problem={problemOf(versions.showError)} />
              </p>
            )}
            <EditCompare jobId={jobId} clip={view} versions={versions.versions} />
          </Section>
          <Section title={t("editor.save.title")}>
            <EditSave jobId={jobId} clip={view} unsaved={unsaved} />
          </Section>
        </div>
      </div>
      <EditBar
        edit={edit}
        wrong={wrong}
        problem={versions.edit.error !== null && !isOutdated ? problemOf(versions.edit.error) : null}
        isBusy={isBusy}
        isStarting={versions.edit.isPending}
        mayMake={unsaved && !isOutdated && wrong === null}
        mayDiscard={unsaved}
        onMake={make}
        onDiscard={() => change({})}
        onUndo={undo}
        onRedo={redo}
      />
      <LeaveDialog
        open={guard.asking}
        onStay={guard.stay}
        onKeep={() => guard.leave(() => {})}
        onDiscard={() => guard.leave(discard)}
      />
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="panel p-4 sm:p-6">
      <h2 id={id} className="mb-4 text-xl">
        {title}
      </h2>
      {children}
    </section>
  );
}
