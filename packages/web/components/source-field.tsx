"use client";
import { useTranslations } from "next-intl";
import { type RefObject, useId } from "react";
import type { useInspect } from "../hooks/use-inspect.ts";
import type { LocalVideo } from "../lib/local-video.ts";
import type { Problem } from "../lib/problem.ts";
import { FileDrop } from "./file-drop.tsx";
import { ProblemLine } from "./problem-line.tsx";
import { AddressCard, FileCard } from "./source-card.tsx";
import { SourceHint } from "./source-hint.tsx";

interface SourceFieldProps {
  address: string;
  file: File | null;
  onAddress: (address: string) => void;
  onFile: (file: File | null) => void;
  onLeave: () => void;
  inspect: ReturnType<typeof useInspect>;
  /** What this browser sees in the file; see `useLocalVideo`. */
  video: LocalVideo | null | undefined;
  /** What is known of an earlier sending of the file. */
  note: string | undefined;
  wrong: Problem | null;
  over: boolean;
  disabled: boolean;
  addressInput: RefObject<HTMLInputElement | null>;
}

/** The video: an address or a file, and what it turns out to be. */
export function SourceField(props: SourceFieldProps) {
  const {
    address,
    file,
    onAddress,
    onFile,
    onLeave,
    inspect,
    video,
    note,
    wrong,
    over,
    disabled,
    addressInput,
  } = props;
  const t = useTranslations();
  const id = useId();
  const errorId = `${id}-error`;
  return (
    <div className="flex flex-col gap-3">
      {file ? (
        <div className="rounded-control border border-line-strong bg-surface p-3">
          <FileCard
            file={file}
            video={video}
            note={note}
            disabled={disabled}
            onPutAway={() => onFile(null)}
          />
        </div>
      ) : (
        <>
          <label htmlFor={id} className="font-medium">
            {t("builder.address.label")}
          </label>
          <input
            ref={addressInput}
            id={id}
            className="field -mt-1 text-start"
            dir="ltr"
            type="url"
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
            placeholder="https://"
            value={address}
            disabled={disabled}
            aria-invalid={wrong !== null}
            aria-describedby={wrong ? errorId : undefined}
            onPaste={inspect.soon}
            onChange={(event) => onAddress(event.target.value)}
            onBlur={({ relatedTarget }) => {
              // who presses the button would miss it: what comes here now moves it away under the finger
              if (relatedTarget instanceof HTMLButtonElement && relatedTarget.type === "submit") return;
              inspect.now();
              onLeave();
            }}
          />
        </>
      )}
      {wrong && (
        <p id={errorId} role="alert" className="text-bad">
          <ProblemLine problem={wrong} {...(wrong.code === "INVALID_INPUT" && { instead: "" })} />
        </p>
      )}
      {!file && (
        <div
          role="status"
          className="rounded-control border border-line p-3 empty:-mt-3 empty:border-0 empty:p-0"
        >
          <AddressCard looked={inspect.looked} onAgain={inspect.again} />
        </div>
      )}
      {!file && (
        <FileDrop
          onFile={onFile}
          over={over}
          disabled={disabled}
          invalid={wrong !== null}
          errorId={errorId}
        />
      )}
      <SourceHint />
    </div>
  );
}
