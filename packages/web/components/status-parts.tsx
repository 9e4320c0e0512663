import type { ProviderView, ServiceStatus } from "@kangklip/contract";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { spanText } from "../lib/time.ts";

const CHECKS = ["store", "artifacts", "compute", "credits"] as const;
const PLACES = ["process", "docker", "nosana"] as const;

/** How much there is to do, and how long the first in line has waited. */
export function StatusQueue({ queue }: { queue: ServiceStatus["queue"] }) {
  const t = useTranslations();
  const { running, waiting, longest_wait_seconds } = queue;
  const longest = longest_wait_seconds === null ? t("status.nobody") : spanText(t, longest_wait_seconds);
  return (
    <section aria-labelledby="queue">
      <h2 id="queue">{t("status.queue")}</h2>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-5 sm:grid-cols-3">
        <Figure name={t("status.running")}>{t("status.jobs", { count: running })}</Figure>
        <Figure name={t("status.waiting")}>{t("status.jobs", { count: waiting })}</Figure>
        <Figure name={t("status.longest")}>{longest}</Figure>
      </dl>
    </section>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-sm text-soft">{name}</dt>
      <dd className="text-xl font-medium tabular-nums">{children}</dd>
    </div>
  );
}

/** Where jobs can run, in the order of preference. */
export function StatusPlaces({ places }: { places: readonly ProviderView[] }) {
  const t = useTranslations();
  const format = useFormatter();
  const price = (usd: number | null) =>
    usd === null
      ? t("status.unknown")
      : usd === 0
        ? t("status.free")
        : t("status.perHour", { price: format.number(usd, { style: "currency", currency: "USD" }) });
  return (
    <section aria-labelledby="places">
      <h2 id="places">{t("status.where")}</h2>
      {places.length === 0 && <p>{t("status.noPlace")}</p>}
      <ul className="list-none! space-y-3! ps-0!">
        {places.map(({ id, ok, gpu, usd_per_hour }) => {
          const known = PLACES.find((name) => name === id);
          return (
            <li key={id} className="panel grid gap-x-6 gap-y-1 p-4 sm:grid-cols-[1fr_auto] sm:p-5">
              <span className="font-medium">
                {known ? t(`status.provider.${known}`) : <bdi translate="no">{id}</bdi>}
              </span>
              <Mark ok={ok}>{ok ? t("status.ready") : t("status.notReady")}</Mark>
              <span className="text-sm text-soft">
                {t("status.gpu")}: {gpu === null ? t("status.none") : <bdi translate="no">{gpu}</bdi>}
              </span>
              <span className="text-sm text-soft tabular-nums">{price(usd_per_hour)}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Each thing that stands behind the service. */
export function StatusChecks({ checks }: { checks: ServiceStatus["checks"] }) {
  const t = useTranslations();
  return (
    <section aria-labelledby="parts">
      <h2 id="parts">{t("status.parts")}</h2>
      <table className="w-full border-collapse text-start">
        <thead className="text-sm text-soft">
          <tr className="border-b border-line">
            <th scope="col" className="py-2 pe-4 text-start font-normal">
              {t("status.part")}
            </th>
            <th scope="col" className="py-2 pe-4 text-start font-normal">
              {t("status.state")}
            </th>
            <th scope="col" className="py-2 text-end font-normal">
              {t("status.answered")}
            </th>
          </tr>
        </thead>
        <tbody>
          {checks.map(({ name, ok, needed, ms }) => {
            const known = CHECKS.find((check) => check === name);
            return (
              <tr key={name} className="border-b border-line">
                <th scope="row" className="py-3 pe-4 text-start font-medium">
                  {known ? t(`status.check.${known}`) : <bdi translate="no">{name}</bdi>}
                  {!needed && (
                    <span className="block text-sm font-normal text-soft">{t("status.optional")}</span>
                  )}
                </th>
                <td className="py-3 pe-4">
                  <Mark ok={ok}>{ok ? t("status.ok") : t("status.bad")}</Mark>
                </td>
                <td className="py-3 text-end text-soft tabular-nums">{t("status.ms", { ms })}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Mark({ ok, children }: { ok: boolean; children: ReactNode }) {
  const Icon = ok ? CircleCheck : CircleAlert;
  return (
    <span className={`inline-flex items-center gap-1.5 ${ok ? "text-good" : "text-bad"}`}>
      <Icon size={18} aria-hidden="true" /> {children}
    </span>
  );
}
