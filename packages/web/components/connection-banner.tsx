"use client";
import { CloudOff, WifiOff } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useConnection } from "../hooks/use-connection.ts";

/** Above each page that talks to the API: that the device is offline, or that nobody answers. Empty while all is well. */
export function ConnectionBanner() {
  const t = useTranslations();
  const format = useFormatter();
  const { offline, away, answeredAt } = useConnection();
  const Icon = offline ? WifiOff : CloudOff;
  const clock = (at: number) =>
    format.dateTime(at, {
      timeStyle: "short",
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
  return (
    <div role="status" className="sticky top-0 z-10">
      {(offline || away) && (
        <div className="border-y border-line bg-lit-soft">
          <p className="page flex items-start gap-3 py-2.5">
            <Icon size={20} aria-hidden="true" className="mt-0.5 shrink-0" />
            <span>
              <strong className="font-medium">
                {offline ? t("common.connection.offline") : t("common.connection.away")}
              </strong>{" "}
              {offline
                ? t("common.connection.offlineMore")
                : answeredAt === null
                  ? t("common.connection.awayMore")
                  : t("common.connection.awaySince", { time: clock(answeredAt) })}
            </span>
          </p>
        </div>
      )}
    </div>
  );
}
