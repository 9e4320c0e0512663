import Link from "next/link";
import type { ReactNode } from "react";
import { Logo } from "./logo.tsx";

export function SiteHeader({ corner }: { corner?: ReactNode }) {
  return (
    <header className="page flex flex-wrap items-center justify-between gap-x-2 py-3">
      <Link href="/" className="flex min-h-11 items-center rounded-control pr-2">
        <Logo />
      </Link>
      <nav
        aria-label="Main"
        className="group -mr-2 flex items-center text-base has-data-credits:mr-0 sm:gap-1 sm:not-has-data-credits:-mr-3"
      >
        <Link
          href="/pricing"
          className="flex min-h-11 items-center rounded-control px-2 text-soft hover:text-ink max-sm:group-has-data-credits:hidden sm:px-3"
        >
          Pricing
        </Link>
        <Link
          href="/generate-clips"
          className="flex min-h-11 items-center rounded-control px-2 sm:px-3 font-medium hover:text-link"
        >
          Make clips
        </Link>
        {corner}
      </nav>
    </header>
  );
}
