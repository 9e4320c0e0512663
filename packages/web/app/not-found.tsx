import type { Metadata } from "next";
import Link from "next/link";
import { getTranslations } from "next-intl/server";
import { Frame } from "../components/frame.tsx";
import { SiteMessages } from "../components/site-messages.tsx";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  return { title: t("common.notFound.meta") };
}

export default async function NotFound() {
  const t = await getTranslations();
  return (
    <SiteMessages>
      <Frame>
        <div className="page max-w-2xl py-20">
          <h1 className="text-4xl">{t("common.notFound.title")}</h1>
          <p className="mt-4 text-soft">
            {t.rich("common.notFound.text", {
              path: (text) => (
                <span dir="ltr" translate="no" className="break-all">
                  {text}
                </span>
              ),
            })}
          </p>
          <div className="mt-8 flex flex-wrap gap-3">
            <Link href="/generate-clips" className="button button-main">
              {t("common.notFound.make")}
            </Link>
            <Link href="/" className="button button-quiet">
              {t("common.notFound.start")}
            </Link>
          </div>
        </div>
      </Frame>
    </SiteMessages>
  );
}
