"use client";
import { ClipboardCheck, ClipboardCopy } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useCopy } from "../hooks/use-copy.ts";
import { useSystem } from "../hooks/use-system.ts";
import { diagnosticsOf, type Problem } from "../lib/problem.ts";

interface CopyDiagnosticsProps {
  problem: Problem;
  /** What is copied in place of what the page knows by itself; never a token. */
  text?: (() => string) | undefined;
}

/** Copies what somebody who is asked for help needs to know. Where the browser copies nothing, it is shown to be copied by hand. */
export function CopyDiagnostics({ problem, text }: CopyDiagnosticsProps) {
  const t = useTranslations();
  const { copied, copy } = useCopy();
  const { data: system } = useSystem();
  const [byHand, setByHand] = useState<string | null>(null);
  async function press() {
    const [path, userAgent] = [location.pathname, navigator.userAgent];
    const said =
      text?.() ?? diagnosticsOf(problem, { path, version: system?.version, at: new Date(), userAgent });
    // browsers hide the clipboard on plain http, unless the page comes from this very machine
    if (navigator.clipboard) await copy(said);
    else setByHand(said);
  }
  const Icon = copied ? ClipboardCheck : ClipboardCopy;
  return (
    <>
      <button type="button" className="button button-quiet" onClick={press}>
        <Icon size={18} aria-hidden="true" /> {copied ? t("errors.card.copied") : t("errors.card.copy")}
      </button>
      <span role="status" className="sr-only">
        {copied ? t("errors.card.copiedSpoken") : ""}
      </span>
      {byHand !== null && (
        <div className="w-full">
          <p className="text-sm">{t("errors.card.copyFailed")}</p>
          <textarea
            readOnly
            dir="ltr"
            rows={5}
            aria-label={t("errors.card.diagnostics")}
            className="field mt-2 font-mono text-sm"
            value={byHand}
          />
        </div>
      )}
    </>
  );
}
