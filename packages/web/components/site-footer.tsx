import { useTranslations } from "next-intl";
import { NavLink } from "./nav-link.tsx";

const LINKS = [
  ["/jobs", "jobs"],
  ["/status", "status"],
  ["/pricing", "pricing"],
  ["/topup", "credits"],
  ["/errors", "errors"],
  ["/about", "about"],
  ["/terms", "terms"],
  ["/legal", "legal"],
] as const;

export function SiteFooter() {
  const t = useTranslations();
  return (
    <footer className="mt-auto pt-20">
      <div className="ruler" aria-hidden="true" />
      <div className="page flex flex-wrap items-center justify-between gap-x-8 gap-y-2 py-6 text-sm text-soft">
        <p>{t("common.shell.tagline")}</p>
        <nav aria-label={t("common.shell.more")} className="-mx-3 flex flex-wrap">
          {LINKS.map(([href, name]) => (
            <NavLink key={href} href={href} className="nav-link px-3!">
              {t(`common.shell.${name}`)}
            </NavLink>
          ))}
          {/* not a page of Next's */}
          <a href="/api/docs/" className="nav-link px-3!">
            {t("common.shell.api")}
          </a>
        </nav>
      </div>
    </footer>
  );
}
