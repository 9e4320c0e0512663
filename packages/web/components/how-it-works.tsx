import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { CLOCK, GUEST, HOST, TalkScene, WIDE } from "./talk-scene.tsx";

/** What happens between the address and the clips, in the order in which it happens. */
export function HowItWorks() {
  const t = useTranslations();
  return (
    <section aria-labelledby="how" className="page pt-20 sm:pt-28">
      <h2 id="how" className="max-w-xl text-3xl sm:text-4xl">
        {t("site.how.title")}
      </h2>
      <div className="ruler mt-10" aria-hidden="true" />
      <ol className="grid gap-10 pt-8 md:grid-cols-3 md:gap-8">
        <Step title={t("site.how.give")} text={t("site.how.giveText")}>
          <div className="w-full max-w-52">
            <TalkScene view={WIDE} className="block w-full rounded-lg" />
            <p
              dir="ltr"
              translate="no"
              className="mt-2 truncate rounded-md bg-surface px-2.5 py-1.5 text-start text-sm text-soft"
            >
              example.org/longitude.mp4
            </p>
          </div>
        </Step>
        <Step title={t("site.how.listen")} text={t("site.how.listenText")}>
          <p className="max-w-64 text-[0.95rem] leading-relaxed text-soft">
            {t.rich("site.how.heard", {
              mark: (text) => <mark className="rounded bg-lit px-1 py-0.5 text-on-lit">{text}</mark>,
            })}
          </p>
        </Step>
        <Step title={t("site.how.take")} text={t("site.how.takeText")}>
          <div className="flex w-full max-w-60 gap-2 lg:gap-3">
            {[GUEST, HOST, CLOCK].map((view) => (
              <TalkScene key={view} view={view} className="block aspect-[9/16] w-0 flex-1 rounded-lg" />
            ))}
          </div>
        </Step>
      </ol>
    </section>
  );
}

function Step({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <li className="flex flex-col">
      <div className="flex h-44 items-center justify-center rounded-panel bg-sunk p-4">{children}</div>
      <h3 className="mt-5 text-xl">{title}</h3>
      <p className="mt-2 text-soft">{text}</p>
    </li>
  );
}
