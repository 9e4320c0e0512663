/** Whether this browser tells of jobs that are done. It was asked for with a click, and is kept for all jobs. */
const KEY = "kk:notify";
const CHANGED = "kk:notify";

/** "ask": it may be asked for; "on": it was; "denied" and "unsupported": the browser does not let the page. */
export type Notify = "ask" | "on" | "denied" | "unsupported";

/** How it stands, from what the browser says and what was kept. Pure. */
export function notifyState(permission: NotificationPermission | undefined, kept: string | null): Notify {
  if (permission === undefined) return "unsupported";
  if (permission === "denied") return kept === "on" ? "denied" : "ask"; // said once it is asked for
  return permission === "granted" && kept === "on" ? "on" : "ask";
}

/** What the browser says, now; undefined where it has no notifications, or none for a page on plain http. */
export const permissionNow = (): NotificationPermission | undefined =>
  typeof Notification === "undefined" || !window.isSecureContext ? undefined : Notification.permission;

let unkept: string | null = null;

export function keptNotify(): string | null {
  try {
    return window.localStorage.getItem(KEY) ?? unkept;
  } catch {
    return unkept;
  }
}

/** Keeps the wish, or (null) drops it; all tabs are told. */
export function keepNotify(wish: "on" | null): void {
  unkept = wish;
  try {
    if (wish === null) window.localStorage.removeItem(KEY);
    else window.localStorage.setItem(KEY, wish);
  } catch {
    // it lasts as long as the page
  }
  window.dispatchEvent(new Event(CHANGED));
}

/** Calls back when the wish changes, in this tab or another; gives the way to stop that. */
export function onNotifyChange(changed: () => void): () => void {
  window.addEventListener("storage", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    window.removeEventListener("storage", changed);
    window.removeEventListener(CHANGED, changed);
  };
}
