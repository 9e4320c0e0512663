import { useTranslations } from "next-intl";

const LIMITS = ["speech", "words", "picture", "speed", "post"] as const;

/** What nobody should expect of it. */
export function Limits() {
  const t = useTranslations();
  return (
    <section aria-labelledby="limits" className="mt-20 bg-sunk py-16 sm:mt-28 sm:py-20">
      <div className="page grid gap-x-16 gap-y-8 lg:grid-cols-[1fr_2fr]">
        <div>
          <h2 id="limits" className="text-3xl sm:text-4xl">
            {t("site.limits.title")}
          </h2>
          <p className="mt-4 text-soft">{t("site.limits.text")}</p>
        </div>
        <ul className="grid gap-x-10 gap-y-6 sm:grid-cols-2">
          {LIMITS.map((name) => (
            <li key={name} className="border-s-2 border-line-strong ps-4">
              {t(`site.limits.${name}`)}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
