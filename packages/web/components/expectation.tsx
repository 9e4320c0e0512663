"use client";
import { Clock, Coins } from "lucide-react";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import type { useCompute } from "../hooks/use-compute.ts";
import { useCredits } from "../hooks/use-credits.ts";
import { priceOf, timeText } from "../lib/expect-text.ts";

/** How long a job would take and what it would cost, before it is made, and what it would have to wait for. */
export function Expectation({ place }: { place: Omit<ReturnType<typeof useCompute>, "compute"> }) {
  const t = useTranslations();
  const { info, error } = useCredits();
  const { quote, meaning, options, asking, quoteFailed } = place;
  const failed = t("builder.expect.failed");
  const waiting = t("builder.expect.asking");
  const waits = options.length === 0 ? meaning?.api : null; // else it is said where the place is chosen
  return (
    <div>
      <dl
        aria-label={t("builder.expect.label")}
        aria-busy={asking}
        className="grid gap-x-8 gap-y-2 sm:grid-cols-2"
      >
        <Fact icon={<Clock size={18} aria-hidden="true" />} term={t("builder.expect.time")}>
          {quote ? timeText(t, quote) : quoteFailed ? failed : waiting}
        </Fact>
        <Fact icon={<Coins size={18} aria-hidden="true" />} term={t("builder.expect.cost")}>
          {quote && info !== undefined ? priceOf(t, quote, info) : quoteFailed || error ? failed : waiting}
        </Fact>
      </dl>
      {waits && (
        <p className="mt-3 text-sm break-words text-soft">
          {meaning?.text}{" "}
          <span lang="en" dir="ltr">
            {waits}
          </span>
        </p>
      )}
    </div>
  );
}

function Fact({ icon, term, children }: { icon: ReactNode; term: string; children: ReactNode }) {
  return (
    <div className="relative min-w-0 ps-7">
      <dt className="text-sm text-soft">
        <span className="absolute start-0 top-0.5">{icon}</span>
        {term}
      </dt>
      <dd className="font-medium break-words first-letter:uppercase">{children}</dd>
    </div>
  );
}
