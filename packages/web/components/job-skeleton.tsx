import { useTranslations } from "next-intl";

/** The job page's outline while the first view is on its way: as high as a window, so that nothing below it moves. */
export function JobSkeleton() {
  const t = useTranslations();
  return (
    <div className="flex min-h-dvh flex-col gap-6">
      <h1 className="sr-only">{t("job.meta")}</h1>
      <p role="status" className="sr-only">
        {t("job.loading")}
      </p>
      <div className="skeleton h-10 w-3/4 max-w-lg" />
      <div className="skeleton h-56" />
    </div>
  );
}
