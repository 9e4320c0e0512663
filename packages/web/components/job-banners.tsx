import { isEnded, type JobView } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { Banner } from "./banner.tsx";

/** What went otherwise than hoped: a silent worker, a start that is tried again, and the worker's own notices. */
export function JobBanners({ view, stalled }: { view: JobView; stalled: boolean }) {
  const t = useTranslations();
  return (
    <>
      {stalled && (
        <Banner urgent>
          {t.rich("job.stalled", { b: (text) => <strong className="font-medium">{text}</strong> })}
        </Banner>
      )}
      {view.start_error && !isEnded(view.status) && (
        <Banner>
          {t.rich("job.startError", {
            error: view.start_error,
            said: (text) => (
              <span lang="en" dir="ltr">
                {text}
              </span>
            ),
          })}
        </Banner>
      )}
      {view.notices.length > 0 && (
        <Banner>
          <Notices notices={view.notices} folded={view.status === "SUCCEEDED" && view.notices.length > 1} />
        </Banner>
      )}
    </>
  );
}

/** The worker's notices; folded where the clips below are what one came for. */
function Notices({ notices, folded }: { notices: string[]; folded: boolean }) {
  const t = useTranslations();
  const list = (
    <ul className="space-y-1">
      {notices.map((notice) => (
        <li key={notice} lang="en" dir="ltr" className="text-start">
          {notice}
        </li>
      ))}
    </ul>
  );
  if (!folded) return list;
  return (
    <details>
      <summary className="-my-3 flex min-h-12 list-none items-center gap-2 [&::-webkit-details-marker]:hidden">
        <span>
          {t("job.remarks", { count: notices.length })}{" "}
          <span className="text-link underline underline-offset-4">{t("job.readRemarks")}</span>
        </span>
      </summary>
      <div className="pt-4">{list}</div>
    </details>
  );
}
