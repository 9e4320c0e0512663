import Link from "next/link";
import { Logo } from "./logo.tsx";

export function SiteHeader() {
  return (
    <header className="page flex flex-wrap items-center justify-between gap-x-2 py-3">
      <Link href="/" className="flex min-h-11 items-center rounded-control pr-2">
        <Logo />
      </Link>
      <nav aria-label="Main" className="-mr-2 flex items-center text-base sm:-mr-3 sm:gap-1">
        <Link
          href="/pricing"
          className="flex min-h-11 items-center rounded-control px-2 sm:px-3 text-soft hover:text-ink"
        >
          Pricing
        </Link>
        <Link
          href="/generate-clips"
          className="flex min-h-11 items-center rounded-control px-2 sm:px-3 font-medium hover:text-link"
        >
          Make clips
        </Link>
      </nav>
    </header>
  );
}
