"use client";
import { Wallet } from "lucide-react";
import type { useJobActions } from "../hooks/use-job.ts";

/** For a job that was made before its maker signed in: this browser alone has its token, and a wallet is not lost with a browser. */
export function ClaimJob({ actions }: { actions: ReturnType<typeof useJobActions> }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 rounded-control bg-sunk px-4 py-3">
      <p className="min-w-0">
        This job opens in this browser alone. Kept with your wallet, it opens wherever you sign in.
      </p>
      <button
        type="button"
        className="button button-quiet"
        disabled={actions.claiming}
        onClick={actions.claim}
      >
        <Wallet size={18} aria-hidden="true" /> {actions.claiming ? "Keeping it…" : "Keep it with my wallet"}
      </button>
    </div>
  );
}
