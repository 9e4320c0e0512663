import { isEnded, type JobView } from "@kangklip/contract";
import { Banner } from "./banner.tsx";

/** What went otherwise than hoped: no connection, a silent worker, a start that is tried again, and the worker's own notices. */
export function JobBanners({
  view,
  stalled,
  offline,
}: {
  view: JobView;
  stalled: boolean;
  offline: boolean;
}) {
  return (
    <>
      {offline && (
        <Banner kind="offline" urgent>
          No connection to KangKlip at present. The work goes on without this page; it is tried again every
          few seconds.
        </Banner>
      )}
      {stalled && !offline && (
        <Banner urgent>
          <strong className="font-medium">Stalled:</strong> the worker has not been heard of for a while. If
          it stays silent, KangKlip gives this attempt up within two minutes and starts another by itself. You
          can wait, or cancel.
        </Banner>
      )}
      {view.start_error && !isEnded(view.status) && (
        <Banner>Starting did not work yet, and is tried again: {view.start_error}</Banner>
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
  const list = (
    <ul className="space-y-1">
      {notices.map((notice) => (
        <li key={notice} dir="auto">
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
          {notices.length} remarks on these clips:{" "}
          <span className="text-link underline underline-offset-4">read them</span>
        </span>
      </summary>
      <div className="pt-4">{list}</div>
    </details>
  );
}
