"use client";
import type { ClipView, JobId } from "@kangklip/contract";
import { Play } from "lucide-react";
import { useLocale, useTranslations } from "next-intl";
import { useCallback, useRef, useState } from "react";
import { useBigPicture } from "../hooks/use-big-picture.ts";
import { useArtifactLink, useClipLink } from "../hooks/use-clips.ts";
import { usePlayback } from "../hooks/use-playback.ts";
import { usePlayerActions } from "../hooks/use-player-actions.ts";
import { usePlayerKeys } from "../hooks/use-player-keys.ts";
import { useIsPlaying } from "../hooks/use-playhead.ts";
import { useResume } from "../hooks/use-resume.ts";
import { useTrackMode } from "../hooks/use-track-mode.ts";
import { directionOf } from "../i18n/locales.ts";
import { problemOf } from "../lib/problem.ts";
import { PlayerControls } from "./player-controls.tsx";
import { PlayerHelp } from "./player-help.tsx";
import { PlayerSettings } from "./player-settings.tsx";
import { ProblemLine } from "./problem-line.tsx";

/** What every player takes, wherever its links come from. */
interface PlayerProps {
  /** Told when it begins to play. (Whatever else plays on the page stops by itself.) */
  onPlay?: (video: HTMLVideoElement) => void;
  /** Told the video while there is one. */
  videoRef?: (video: HTMLVideoElement | null) => void;
  /** Told of the keys i and o: where the video is then, seconds of the video; gives what came of it. Left out: they loop what lies between them. */
  onMark?: (edge: "start" | "end", seconds: number) => string;
  /** On narrow screens small, with its buttons beside the picture. */
  small?: boolean;
}

interface LinkPlayerProps extends PlayerProps {
  /** Of the clip, from 1: "Clip 1: The title". */
  index: number;
  title: string;
  /** By this name the transcript finds the player: the clip's file, as "clip_01.mp4". */
  name?: string;
  /** Where it plays from; undefined while that is on its way. A new address after `onExpired`, and another kind, go on where it was. */
  url: string | undefined;
  /** A preview is marked as one. */
  kind?: "full" | "preview" | undefined;
  poster?: string | null | undefined;
  /** A WebVTT file, for clips that have no captions in the picture; null: none. */
  captions?: string | null | undefined;
  /** BCP 47 of the captions. */
  language?: string | undefined;
  /** Asks for a fresh link: the one there is does not answer any more. */
  onExpired?: () => unknown;
  /** Why there is no link. */
  error?: unknown;
}

/** Plays one clip of a finished job, and goes on where it was when its link runs out. */
export function ClipPlayer({ jobId, clip, ...player }: PlayerProps & { jobId: JobId; clip: ClipView }) {
  const { url, kind, error, renew } = useClipLink(jobId, clip.clip_file);
  const poster = useArtifactLink(jobId, clip.cover_file);
  const captions = useArtifactLink(jobId, clip.captioned ? null : clip.vtt_file);
  return (
    <LinkPlayer
      {...player}
      index={clip.index}
      title={clip.title}
      name={clip.clip_file}
      url={url}
      kind={kind}
      poster={poster}
      captions={captions ?? null}
      error={error}
      onExpired={renew}
    />
  );
}

/** Plays one clip from links that somebody else fetched. */
export function LinkPlayer(props: LinkPlayerProps) {
  const { index, title, name, url, kind, poster, captions = null, language, onExpired, error } = props;
  const { onPlay, videoRef, onMark, small } = props;
  const t = useTranslations();
  const locale = useLocale();
  const root = useRef<HTMLDivElement>(null);
  const settingsButton = useRef<HTMLButtonElement>(null);
  const [video, setVideo] = useState<HTMLVideoElement | null>(null);
  const [open, setOpen] = useState<"settings" | "help" | null>(null);
  const playback = usePlayback(video, name);
  const big = useBigPicture(root, video);
  const resume = useResume({ url, kind, onExpired });
  const track = useTrackMode(video, captions, playback.wishes.captions);
  const { act, said } = usePlayerActions({
    ...{ video, playback, big, onMark },
    hasCaptions: track !== undefined,
    onHelp: () => setOpen("help"),
  });
  usePlayerKeys({ root, video, pageKeys: playback.wishes.pageKeys, act });
  const isPlaying = useIsPlaying(video);
  const isRound = playback.round.start !== null || playback.round.end !== null;
  const isSmall = small === true && !big.isFull;

  const tell = useRef(videoRef);
  tell.current = videoRef;
  const takeVideo = useCallback((element: HTMLVideoElement | null) => {
    setVideo(element);
    tell.current?.(element);
  }, []);
  function closeSettings() {
    setOpen(null);
    requestAnimationFrame(() => settingsButton.current?.focus());
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      ref={root}
      dir="ltr"
      role="group"
      aria-label={t("player.name", { index })}
      tabIndex={-1}
      data-full={big.isFull || undefined}
      className={`group/player relative w-full overflow-hidden rounded-panel bg-[#0b1020] text-[#edf0f9] ring-1 ring-line outline-none data-full:h-dvh data-full:rounded-none ${isSmall ? "max-lg:rounded-control" : ""}`}
    >
      <div
        inert={open === "settings"}
        className={`[--focus:#ffd56b] group-data-full/player:flex group-data-full/player:h-full group-data-full/player:flex-col ${isSmall ? "max-lg:flex max-lg:items-center" : ""}`}
      >
        <div
          className={`relative aspect-[9/16] w-full group-data-full/player:aspect-auto group-data-full/player:min-h-0 group-data-full/player:flex-1 ${isSmall ? "max-lg:h-[clamp(9rem,26dvh,14rem)] max-lg:w-auto max-lg:shrink-0" : ""}`}
        >
          {url && !resume.broken ? (
            // biome-ignore lint/a11y/useMediaCaption: clips without words have none; of others they are in the picture, or in the track
            <video
              ref={takeVideo}
              className="block size-full object-contain"
              src={url}
              poster={poster ?? undefined}
              playsInline
              loop={playback.wishes.loop || isRound}
              preload="metadata"
              aria-label={t("player.clip", { index, title })}
              onClick={() => {
                root.current?.focus({ preventScroll: true }); // so that the keys are for this one
                playback.toggle();
              }}
              onPlay={({ currentTarget }) => onPlay?.(currentTarget)}
              onError={({ currentTarget }) => resume.onError(currentTarget)}
              onTimeUpdate={({ currentTarget }) => resume.onTime(currentTarget)}
              onLoadedMetadata={({ currentTarget }) => resume.onLoaded(currentTarget)}
            >
              {track && (
                <track kind="captions" label={t("player.captions")} srcLang={language ?? "und"} src={track} />
              )}
            </video>
          ) : (
            <div dir={directionOf(locale)} className="grid size-full place-items-center p-4 text-center">
              {error || resume.broken ? (
                <div role="alert" className="text-[0.95rem]">
                  {error ? (
                    <p>
                      <ProblemLine problem={problemOf(error)} />
                    </p>
                  ) : (
                    <>
                      <p className="font-medium">{t("player.broken")}</p>
                      <p className="mt-1">{t("player.brokenWhat")}</p>
                    </>
                  )}
                  <button type="button" className="button button-main mt-4" onClick={resume.again}>
                    {t("player.again")}
                  </button>
                </div>
              ) : (
                <span role="status" className="sr-only">
                  {t("player.loading", { index })}
                </span>
              )}
            </div>
          )}
          {video && !isPlaying && !isSmall && (
            <span
              aria-hidden="true"
              className="pointer-events-none absolute top-1/2 left-1/2 grid size-16 -translate-1/2 place-items-center rounded-full bg-[#0b1020]/75"
            >
              <Play size={30} fill="currentColor" className="translate-x-0.5" />
            </span>
          )}
          {isPlaying && playback.isWaiting && (
            <span
              aria-hidden="true"
              className="pointer-events-none absolute top-1/2 left-1/2 size-12 -translate-1/2 animate-spin rounded-full border-4 border-[#edf0f9]/25 border-t-[#f5b921]"
            />
          )}
          {kind === "preview" && (
            <p
              dir={directionOf(locale)}
              className="pointer-events-none absolute top-3 left-3 rounded-md bg-[#0b1020]/85 px-2 py-1 text-sm"
            >
              {t("player.preview")}
            </p>
          )}
          <p
            role="status"
            dir={directionOf(locale)}
            className="pointer-events-none absolute inset-x-3 top-12 text-center text-sm"
          >
            {said && <span className="rounded-md bg-[#0b1020]/85 px-2.5 py-1.5">{said}</span>}
          </p>
        </div>
        <div className={isSmall ? "min-w-0 max-lg:flex-1" : ""}>
          <PlayerControls
            video={video}
            playback={playback}
            big={big}
            hasCaptions={track !== undefined}
            settingsRef={settingsButton}
            onSettings={() => setOpen("settings")}
          />
        </div>
      </div>
      {open === "settings" && (
        <PlayerSettings
          playback={playback}
          big={big}
          isSmall={isSmall}
          onHelp={() => setOpen("help")}
          onClose={closeSettings}
        />
      )}
      <PlayerHelp
        open={open === "help"}
        onClose={() => setOpen(null)}
        within={big.isFull ? root : undefined}
        edits={onMark !== undefined}
      />
    </div>
  );
}
