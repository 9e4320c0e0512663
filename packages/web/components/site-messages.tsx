import { NextIntlClientProvider } from "next-intl";
import { getMessages } from "next-intl/server";
import type { ReactNode } from "react";

/** Gives what is inside the few messages that the browser itself needs on the plain pages; the others were said on the server. */
export async function SiteMessages({ children }: { children: ReactNode }) {
  const { common, site } = await getMessages();
  const { shell, broken, span } = common;
  const said = { common: { shell, broken, span }, site: { sample: site.sample } };
  return <NextIntlClientProvider messages={said}>{children}</NextIntlClientProvider>;
}
