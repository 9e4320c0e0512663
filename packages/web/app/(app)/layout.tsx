import { NextIntlClientProvider } from "next-intl";
import type { ReactNode } from "react";
import { ConnectionBanner } from "../../components/connection-banner.tsx";
import { Frame } from "../../components/frame.tsx";
import { HeaderCredits } from "../../components/header-credits.tsx";
import { Providers } from "../../components/providers.tsx";

/** The pages that talk to the API; all others are plain HTML. */
export default function AppLayout({ children }: { children: ReactNode }) {
  return (
    <NextIntlClientProvider>
      <Providers>
        <Frame corner={<HeaderCredits />} notice={<ConnectionBanner />}>
          {children}
        </Frame>
      </Providers>
    </NextIntlClientProvider>
  );
}
