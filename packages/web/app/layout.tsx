import type { Metadata, Viewport } from "next";
import { headers } from "next/headers";
import { getLocale, getTranslations } from "next-intl/server";
import type { ReactNode } from "react";
import { directionOf } from "../i18n/locales.ts";
import { THEME_COLORS, THEME_SCRIPT } from "../lib/theme.ts";
import "./globals.css";

/** Each answer carries a nonce of its own (proxy.ts), so none can be made beforehand. */
export const dynamic = "force-dynamic";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations();
  const request = await headers();
  const host = request.get("host");
  const scheme = request.get("x-forwarded-proto")?.split(",")[0] ?? "http";
  const base = `${scheme}://${host}`;
  const about = { title: t("common.meta.title"), description: t("common.meta.description") };
  return {
    // pictures of a page are fetched by others, who need whole addresses
    metadataBase: host && URL.canParse(base) ? new URL(base) : null,
    title: { default: about.title, template: "%s · KangKlip" },
    description: about.description,
    openGraph: {
      ...about,
      type: "website",
      siteName: "KangKlip",
      images: [{ url: "/sample/card.jpg", width: 1200, height: 630, alt: t("common.meta.picture") }],
    },
    twitter: { card: "summary_large_image" },
  };
}

export const viewport: Viewport = { themeColor: THEME_COLORS };

export default async function RootLayout({ children }: { children: ReactNode }) {
  const [language = "en"] = (await getLocale()).split("-u-");
  const nonce = (await headers()).get("x-nonce") ?? undefined;
  return (
    // the script below sets an attribute before React looks
    <html lang={language} dir={directionOf(language)} suppressHydrationWarning>
      <head>
        <script nonce={nonce} suppressHydrationWarning>
          {THEME_SCRIPT}
        </script>
      </head>
      <body>{children}</body>
    </html>
  );
}
