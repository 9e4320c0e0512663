import { Info, WifiOff } from "lucide-react";
import type { ReactNode } from "react";

/** A remark on the job that is no failure. `urgent`: said at once to whoever listens to the page. */
export function Banner({
  children,
  urgent,
  kind = "note",
}: {
  children: ReactNode;
  urgent?: boolean;
  kind?: "note" | "offline";
}) {
  const Icon = kind === "offline" ? WifiOff : Info;
  return (
    <div
      role={urgent ? "status" : undefined}
      className="flex items-start gap-3 rounded-control bg-lit-soft px-4 py-3 text-ink"
    >
      <Icon size={20} aria-hidden="true" className="mt-0.5 shrink-0" />
      <div className="min-w-0 break-words">{children}</div>
    </div>
  );
}
