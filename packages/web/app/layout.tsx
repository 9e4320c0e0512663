import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { SiteFooter } from "../components/site-footer.tsx";
import { SiteHeader } from "../components/site-header.tsx";
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

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <a
          href="#main"
          className="button button-main absolute top-2 left-2 z-10 -translate-y-24 focus-visible:translate-y-0"
        >
          Skip to content
        </a>
        <div className="isolate flex min-h-dvh flex-col">
          <SiteHeader />
          <main id="main" className="flex-1" tabIndex={-1}>
            {children}
          </main>
          <SiteFooter />
        </div>
      </body>
    </html>
  );
}
