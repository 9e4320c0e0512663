import { ERRORS } from "@kangklip/contract";
import { RotateCw, Wrench } from "lucide-react";
import type { Metadata } from "next";
import Link from "next/link";
import { notFound } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { errorCodeOf } from "../../../../lib/error-groups.ts";

interface ErrorPageProps {
  params: Promise<{ code: string }>;
}

export async function generateMetadata({ params }: ErrorPageProps): Promise<Metadata> {
  const t = await getTranslations();
  const code = errorCodeOf((await params).code);
  return code
    ? { title: `${t(`errors.${code}.title`)} (${code})` }
    : { title: t("errors.page.unknown"), robots: { index: false } };
}

/** What one code of the error table means and what to do about it. */
export default async function ErrorPage({ params }: ErrorPageProps) {
  const code = errorCodeOf((await params).code);
  if (!code) notFound();
  const t = await getTranslations();
  const { status, retry, exit } = ERRORS[code];
  const Icon = retry ? RotateCw : Wrench;
  return (
    <article className="page max-w-3xl pt-10 sm:pt-16">
      <p className="text-soft">
        <code dir="ltr" translate="no">
          {code}
        </code>
      </p>
      <h1 className="mt-2 text-4xl sm:text-5xl">{t(`errors.${code}.title`)}</h1>
      <p className="mt-6 text-xl text-soft">{t(`errors.${code}.cause`)}</p>
      <section aria-labelledby="todo" className="mt-8 rounded-panel bg-lit-soft p-5 sm:p-6">
        <h2 id="todo" className="text-xl">
          {t("errors.page.todo")}
        </h2>
        <p className="mt-2">{t(`errors.${code}.action`)}</p>
      </section>
      <h2 className="mt-10 flex items-center gap-3 text-xl">
        <Icon size={20} aria-hidden="true" className="shrink-0 text-soft" />
        {t("errors.page.retryTitle")}
      </h2>
      <p className="mt-2">{retry ? t("errors.page.retryYes") : t("errors.page.retryNo")}</p>
      <dl className="mt-10 grid grid-cols-2 gap-x-6 border-t border-line pt-5">
        <div>
          <dt className="text-sm text-soft">{t("errors.page.status")}</dt>
          <dd className="mt-1 font-medium tabular-nums">{status}</dd>
        </div>
        <div>
          <dt className="text-sm text-soft">{t("errors.page.exit")}</dt>
          <dd className="mt-1 font-medium tabular-nums">{exit}</dd>
        </div>
      </dl>
      <p className="mt-10 flex flex-wrap gap-3">
        <Link href="/errors" className="button button-quiet">
          {t("errors.page.all")}
        </Link>
        <Link href="/generate-clips" className="button button-quiet">
          {t("common.shell.make")}
        </Link>
      </p>
    </article>
  );
}
