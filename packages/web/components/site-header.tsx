import Link from "next/link";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Logo } from "./logo.tsx";
import { NavLink } from "./nav-link.tsx";
import { Settings } from "./settings.tsx";

export function SiteHeader({ corner }: { corner?: ReactNode }) {
  const t = useTranslations();
  return (
    <header className="page flex flex-wrap items-center justify-between gap-x-2 py-3">
      <Link
        href="/"
        aria-label={t("common.shell.home")}
        className="flex min-h-11 items-center rounded-control pe-2"
      >
        <Logo />
      </Link>
      <nav aria-label={t("common.shell.main")} className="group -me-2.5 flex items-center text-base sm:gap-1">
        <NavLink href="/jobs" className="nav-link max-[23rem]:group-has-data-credits:hidden">
          {t("common.shell.jobs")}
        </NavLink>
        <NavLink href="/pricing" className="nav-link max-sm:hidden">
          {t("common.shell.pricing")}
        </NavLink>
        <NavLink href="/generate-clips" className="nav-link font-medium text-ink!">
          {t("common.shell.make")}
        </NavLink>
        {corner}
        <Settings />
      </nav>
    </header>
  );
}
