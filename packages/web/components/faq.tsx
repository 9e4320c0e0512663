import { Language } from "@kangklip/contract";
import { Plus } from "lucide-react";
import { useTranslations } from "next-intl";

const QUESTIONS = ["cost", "where", "length", "languages", "addresses", "fails"] as const;
/** All but "auto", which leaves it to the recogniser. */
const LANGUAGES = Language.options.length - 1;

export function Faq() {
  const t = useTranslations();
  return (
    <section
      aria-labelledby="faq"
      className="page grid gap-x-16 gap-y-6 pt-20 sm:pt-28 lg:grid-cols-[1fr_2fr]"
    >
      <h2 id="faq" className="text-3xl sm:text-4xl">
        {t("site.faq.title")}
      </h2>
      <div>
        {QUESTIONS.map((name) => (
          <details key={name} className="group border-b border-line first:border-t">
            <summary className="flex min-h-14 list-none items-center justify-between gap-4 py-3 text-lg font-medium [&::-webkit-details-marker]:hidden">
              {t(`site.faq.${name}`)}
              <Plus
                size={20}
                aria-hidden="true"
                className="shrink-0 text-soft transition-transform group-open:rotate-45"
              />
            </summary>
            <p className="max-w-prose pb-5 text-soft">{t(`site.faq.${name}Text`, { count: LANGUAGES })}</p>
          </details>
        ))}
      </div>
    </section>
  );
}
