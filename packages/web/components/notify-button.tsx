"use client";
import { Bell, BellOff, BellRing } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useNotify } from "../hooks/use-notify.ts";

/** Has the browser tell when the job is done. It asks for the permission at a click, and says where it cannot have it. */
export function NotifyButton() {
  const t = useTranslations();
  const { state, ask, drop } = useNotify();
  const [asked, setAsked] = useState(false);
  const on = state === "on";
  const refused = asked && (state === "denied" || state === "unsupported") ? state : null;
  const Icon = on ? BellRing : refused ? BellOff : Bell;
  return (
    <div className="min-w-0">
      <button
        type="button"
        className="button button-quiet max-sm:w-full"
        aria-pressed={on}
        onClick={async () => {
          if (on) return drop();
          await ask();
          setAsked(true);
        }}
      >
        <Icon size={18} aria-hidden="true" className="shrink-0" />
        {on ? t("job.notify.on") : t("job.notify.ask")}
      </button>
      <p role="status" className={refused ? "mt-2 max-w-prose text-sm text-soft" : "sr-only"}>
        {refused ? t(`job.notify.${refused}`) : ""}
      </p>
    </div>
  );
}
