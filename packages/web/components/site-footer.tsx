import Link from "next/link";

const LINKS = [
  ["/about", "About"],
  ["/pricing", "Pricing"],
  ["/topup", "Credits"],
  ["/terms", "Terms"],
  ["/legal", "Legal"],
] as const;

export function SiteFooter() {
  return (
    <footer className="mt-auto pt-20">
      <div className="ruler" aria-hidden="true" />
      <div className="page flex flex-wrap items-center justify-between gap-x-8 gap-y-2 py-6 text-sm text-soft">
        <p>KangKlip turns long talks into vertical clips.</p>
        <nav aria-label="More" className="-mx-3 flex flex-wrap">
          {LINKS.map(([href, text]) => (
            <Link
              key={href}
              href={href}
              className="flex min-h-11 items-center rounded-control px-3 hover:text-ink"
            >
              {text}
            </Link>
          ))}
        </nav>
      </div>
    </footer>
  );
}
