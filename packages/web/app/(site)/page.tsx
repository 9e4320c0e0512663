import Link from "next/link";
import { getTranslations } from "next-intl/server";
import { AddressForm } from "../../components/address-form.tsx";
import { Faq } from "../../components/faq.tsx";
import { HowItWorks } from "../../components/how-it-works.tsx";
import { Limits } from "../../components/limits.tsx";
import { Sample } from "../../components/sample.tsx";
import { SampleFacts } from "../../components/sample-facts.tsx";
import { SitePrices } from "../../components/site-prices.tsx";
import { TalkDrawing } from "../../components/talk-scene.tsx";

const EVERY_CLIP = ["picture", "sound", "captions", "length"] as const;

export default async function StartPage() {
  const t = await getTranslations();
  return (
    <>
      <TalkDrawing />
      <section className="page pt-8 sm:pt-14">
        <div className="grid items-center gap-x-12 gap-y-10 lg:grid-cols-[1fr_1.32fr]">
          <div>
            <h1 className="text-[clamp(2.6rem,5.6vw,4.25rem)] leading-[1.02] tracking-[-0.04em] rtl:leading-[1.2] rtl:tracking-normal">
              {t("site.hero.title")}
            </h1>
            <p className="mt-6 max-w-xl text-lg text-soft sm:text-xl">{t("site.hero.text")}</p>
            <div className="mt-8 max-w-xl">
              <AddressForm />
              <p className="mt-2 text-soft">
                {t.rich("site.hero.file", {
                  link: (text) => (
                    <Link href="/generate-clips#file" className="text-link inline-flex min-h-11 items-center">
                      {text}
                    </Link>
                  ),
                })}
              </p>
            </div>
          </div>
          <Sample />
        </div>
        <SampleFacts />
      </section>
      <HowItWorks />
      <section aria-label={t("site.comes.label")} className="page pt-16">
        <dl className="panel grid grid-cols-2 gap-x-6 gap-y-5 p-6 sm:p-8 lg:grid-cols-4">
          {EVERY_CLIP.map((name) => (
            <div key={name}>
              <dt className="text-sm text-soft">{t(`site.comes.${name}`)}</dt>
              <dd className="mt-1 font-medium">{t(`site.comes.${name}Text`)}</dd>
            </div>
          ))}
        </dl>
      </section>
      <SitePrices />
      <Limits />
      <Faq />
    </>
  );
}
