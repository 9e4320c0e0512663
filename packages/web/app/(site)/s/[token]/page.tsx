import type { Metadata } from "next";
import { NextIntlClientProvider } from "next-intl";
import { getMessages, getTranslations } from "next-intl/server";
import { Providers } from "../../../../components/providers.tsx";
import { ShareScreen } from "../../../../components/share-screen.tsx";

/** The same of every link: whoever asks for a preview of it learns nothing of its clips, and its address is sent nowhere. */
export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  const about = { title: t("share.page.metaTitle"), description: t("share.page.metaText") };
  return {
    ...about,
    robots: { index: false, follow: false },
    referrer: "no-referrer",
    openGraph: { ...about, type: "website", siteName: "KangKlip", images: ["/sample/card.jpg"] },
  };
}

export default async function SharePage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params;
  const { common, errors, player, share } = await getMessages();
  return (
    <NextIntlClientProvider messages={{ common, errors, player, share }}>
      <Providers>
        <ShareScreen token={token} />
      </Providers>
    </NextIntlClientProvider>
  );
}
