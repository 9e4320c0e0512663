import type { Metadata, Viewport } from "next";
import { NextIntlClientProvider } from "next-intl";
import { getLocale } from "next-intl/server";
import type { ReactNode } from "react";
import { directionOf } from "../i18n/locales.ts";
import "./globals.css";

/** Each answer carries a nonce of its own (proxy.ts), so none can be made beforehand. */
export const dynamic = "force-dynamic";

export const metadata: Metadata = {
  title: { default: "KangKlip: vertical clips from long talks", template: "%s · KangKlip" },
  description:
    "Paste the address of a long video and get one to five vertical clips: well chosen, framed on whoever speaks, captioned word by word.",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f3f5fa" },
    { media: "(prefers-color-scheme: dark)", color: "#0b1020" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  const locale = await getLocale();
  return (
    <html lang={locale.split("-u-")[0]} dir={directionOf(locale)}>
      <body>
        <NextIntlClientProvider>{children}</NextIntlClientProvider>
      </body>
    </html>
  );
}
