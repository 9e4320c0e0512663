"use client";
import Link from "next/link";
import { useSystem } from "../hooks/use-system.ts";
import { problemOf } from "../lib/problem.ts";
import { ProblemCard } from "./problem-card.tsx";

/** Says whether credits are on, and what that means. */
export function CreditsState() {
  const system = useSystem();
  if (system.error) return <ProblemCard problem={problemOf(system.error)} onRetry={() => system.refetch()} />;
  if (!system.data)
    return <div className="skeleton h-28" role="status" aria-label="Asking whether credits are on" />;
  return system.data.credits ? (
    <div className="panel p-6">
      <h2 className="mt-0! text-xl">Credits are on here</h2>
      <p className="mt-2 text-soft">
        This page cannot sell them yet: they are bought through the API, from a Solana wallet, in USDC. The
        steps are in the description at{" "}
        <a href="/api/docs/" className="text-link">
          /api/docs
        </a>
        .
      </p>
    </div>
  ) : (
    <div className="panel p-6">
      <h2 className="mt-0! text-xl">Credits are not configured</h2>
      <p className="mt-2 text-soft">
        This installation runs without credits, so there is nothing to top up: every clip is unlocked.
      </p>
      <Link href="/generate-clips" className="button button-main mt-5">
        Make clips
      </Link>
    </div>
  );
}
