"use client";
import { Wallet } from "lucide-react";
import { useTranslations } from "next-intl";
import type { useJobActions } from "../hooks/use-job.ts";

/** For a job that was made before its maker signed in: this browser alone has its token, and a wallet is not lost with a browser. */
export function ClaimJob({ actions }: { actions: ReturnType<typeof useJobActions> }) {
  const t = useTranslations();
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 rounded-control bg-sunk px-4 py-3">
      <p className="min-w-0">{t("job.claim.text")}</p>
      <button
        type="button"
        className="button button-quiet"
        disabled={actions.claiming}
        onClick={actions.claim}
      >
        <Wallet size={18} aria-hidden="true" className="shrink-0" />{" "}
        {actions.claiming ? t("job.claim.busy") : t("job.claim.button")}
      </button>
    </div>
  );
}
