import { useTranslations } from "next-intl";
import { useCallback, useState } from "react";
import { checkAddress, checkFile, checkLength, isRefusal } from "../lib/job-form.ts";
import type { Problem } from "../lib/problem.ts";
import { useInspect } from "./use-inspect.ts";
import { useLocalVideo } from "./use-local-video.ts";
import { useSystem } from "./use-system.ts";

/**
 * The video that clips are to be made of: an address or a file, what it turns out to be, and what is wrong with it, before a job is made.
 * @param initialAddress what the page was opened with @param clipSeconds how long a clip is to be
 */
export function useSource(initialAddress: string, clipSeconds: number) {
  const t = useTranslations();
  const { data: system } = useSystem();
  const [address, keepAddress] = useState(initialAddress);
  const [file, setFile] = useState<File | null>(null);
  const [left, setLeft] = useState(initialAddress !== "");
  const inspect = useInspect(file ? "" : address);
  const video = useLocalVideo(file);
  const { looked } = inspect;
  const preview = looked.state === "found" ? looked.preview : null;
  const seconds = (file ? video?.seconds : preview?.seconds) ?? null;
  const limits = { most: system?.max_source_seconds, wanted: clipSeconds };

  const asTyped = file
    ? checkFile(t, file, system?.max_source_bytes)
    : address
      ? checkAddress(t, address)
      : null;
  const asSeen: Problem | null =
    !file && looked.state === "cannot" && isRefusal(looked.problem)
      ? looked.problem
      : checkLength(t, seconds, limits);
  const setAddress = useCallback((next: string) => {
    keepAddress(next);
    if (!next) setLeft(false);
  }, []);
  return {
    address,
    file,
    setAddress,
    setFile,
    inspect,
    video,
    seconds,
    /** What to tell of it now: of an address only once nobody types it any more. */
    wrong: file || left ? (asTyped ?? asSeen) : asTyped ? null : asSeen,
    /** What speaks against it that only a look has shown. */
    refused: asTyped ? null : asSeen,
    /** There is something to make a job of, as far as can be told. */
    isGood: (file !== null || address.trim() !== "") && asTyped === null,
    leave: useCallback(() => setLeft(true), []),
    /** Takes an address from outside the field, where it is one. */
    bring(text: string): boolean {
      const [line = ""] = text.split(/[\r\n]/).filter((one) => one && !one.startsWith("#")); // text/uri-list has remarks
      if (checkAddress(t, line) !== null) return false;
      setFile(null);
      inspect.soon();
      setAddress(line);
      return true;
    },
  };
}
