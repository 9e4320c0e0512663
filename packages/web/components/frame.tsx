import type { ReactNode } from "react";
import { SiteFooter } from "./site-footer.tsx";
import { SiteHeader } from "./site-header.tsx";

/** What is around every page. `corner`: what the pages that talk to the API have at the end of the header. */
export function Frame({ corner, children }: { corner?: ReactNode; children: ReactNode }) {
  return (
    <>
      <a
        href="#main"
        className="button button-main absolute top-2 left-2 z-10 -translate-y-24 focus-visible:translate-y-0"
      >
        Skip to content
      </a>
      <div className="isolate flex min-h-dvh flex-col">
        <SiteHeader corner={corner} />
        <main id="main" className="flex-1" tabIndex={-1}>
          {children}
        </main>
        <SiteFooter />
      </div>
    </>
  );
}
