import { isEnded, type JobView } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { headline, nameOf } from "../lib/job-view.ts";
import {
  keepNotify,
  keptNotify,
  type Notify,
  notifyState,
  onNotifyChange,
  permissionNow,
} from "../lib/notify.ts";

/** Whether this browser tells when jobs are done, and the ways to switch that. */
export function useNotify(): { state: Notify; ask: () => Promise<void>; drop: () => void } {
  const state = useSyncExternalStore(
    onNotifyChange,
    () => notifyState(permissionNow(), keptNotify()),
    () => "ask" as const,
  );
  return {
    state,
    /** After a click alone: browsers refuse, and people too, who is not asked for it. */
    async ask() {
      if (permissionNow() === "default") await Notification.requestPermission();
      keepNotify("on");
    },
    drop: () => keepNotify(null),
  };
}

/** Shows a notification when a job that this tab has seen at work ends while nobody looks at the page. */
export function useDoneNotice(view: JobView | undefined, on: boolean) {
  const t = useTranslations();
  const wasAtWork = useRef(false);
  const ended = view ? isEnded(view.status) : false;
  useEffect(() => {
    if (!view) return;
    if (!ended) wasAtWork.current = true;
    if (!ended || !wasAtWork.current) return;
    wasAtWork.current = false;
    if (!on || view.state === "CANCELLED" || document.hasFocus()) return;
    show(
      `${headline(t, view)}: ${nameOf(t, view)}`,
      view.status === "SUCCEEDED" ? t("job.notify.doneBody") : t("job.notify.failedBody"),
      view.job_id,
    );
  }, [view, ended, on, t]);
}

/** `tag`: several tabs with one job show one notification. */
function show(title: string, body: string, tag: string) {
  try {
    const notice = new Notification(title, { body, tag, icon: "/icon.svg" });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  } catch {
    // some phones let service workers alone show them; the tab's title says it too
  }
}
