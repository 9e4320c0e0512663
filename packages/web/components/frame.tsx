import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { SiteFooter } from "./site-footer.tsx";
import { SiteHeader } from "./site-header.tsx";

interface FrameProps {
  /** What the pages that talk to the API have at the end of the header. */
  corner?: ReactNode;
  /** What they say above the page of their connection to it. */
  notice?: ReactNode;
  children: ReactNode;
}

/** What is around every page. */
export function Frame({ corner, notice, children }: FrameProps) {
  const t = useTranslations();
  return (
    <>
      <a
        href="#main"
        className="button button-main absolute start-2 top-2 z-10 -translate-y-24 focus-visible:translate-y-0"
      >
        {t("common.shell.skip")}
      </a>
      <div className="isolate flex min-h-dvh flex-col">
        <SiteHeader corner={corner} />
        {notice}
        <main id="main" className="flex-1 outline-none" tabIndex={-1}>
          {children}
        </main>
        <SiteFooter />
      </div>
    </>
  );
}
