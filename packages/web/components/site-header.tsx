import Link from "next/link";
import { Logo } from "./logo.tsx";

export function SiteHeader() {
  return (
    <header className="page flex flex-wrap items-center justify-between gap-x-4 py-3">
      <Link href="/" className="flex min-h-11 items-center rounded-control pr-2">
        <Logo />
      </Link>
      <nav aria-label="Main" className="flex items-center gap-1 text-base">
        <Link
          href="/pricing"
          className="flex min-h-11 items-center rounded-control px-3 text-soft hover:text-ink"
        >
          Pricing
        </Link>
        <Link
          href="/generate-clips"
          className="flex min-h-11 items-center rounded-control px-3 font-medium hover:text-link"
        >
          Make clips
        </Link>
      </nav>
    </header>
  );
}
