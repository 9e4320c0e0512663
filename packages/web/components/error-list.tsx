import Link from "next/link";
import { useTranslations } from "next-intl";
import { codesByGroup } from "../lib/error-groups.ts";

/** All error codes with what they mean, by what they are about. */
export function ErrorList() {
  const t = useTranslations();
  return codesByGroup().map(([group, codes]) => (
    <section key={group} aria-labelledby={group}>
      <h2 id={group} className="mt-12 mb-3 text-xl">
        {t(`errors.page.group.${group}`)}
      </h2>
      <ul className="list-none! space-y-0! ps-0!">
        {codes.map((code) => (
          <li key={code} className="border-b border-line first:border-t">
            <Link
              href={`/errors/${code}`}
              prefetch={false}
              className="group grid gap-x-6 py-3 sm:grid-cols-[17rem_1fr]"
            >
              <code dir="ltr" className="text-start text-sm leading-7 break-all text-soft" translate="no">
                {code}
              </code>
              <span className="group-hover:text-link">{t(`errors.${code}.title`)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  ));
}
