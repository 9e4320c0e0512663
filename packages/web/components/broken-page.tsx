"use client";
import Link from "next/link";
import { useEffect } from "react";

/** What stands in for a page that threw: its group's header and footer stay. */
export function BrokenPage({ error, retry }: { error: unknown; retry: () => void }) {
  useEffect(() => {
    console.error(error); // the browser's console is where whoever reports this will look
  }, [error]);
  return (
    <div className="page max-w-2xl py-20">
      <h1 className="text-4xl">This page broke</h1>
      <p className="mt-4 text-soft">
        That is a fault of ours, not of yours. Your jobs run on the server and are not touched by it.
      </p>
      <div className="mt-8 flex flex-wrap gap-3">
        <button type="button" className="button button-main" onClick={() => retry()}>
          Try again
        </button>
        <Link href="/" className="button button-quiet">
          Start page
        </Link>
      </div>
    </div>
  );
}
