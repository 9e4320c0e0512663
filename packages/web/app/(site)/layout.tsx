import type { ReactNode } from "react";
import { Frame } from "../../components/frame.tsx";
import { SiteMessages } from "../../components/site-messages.tsx";

/** The pages that are plain HTML: nothing of theirs talks to the API. */
export default function SiteLayout({ children }: { children: ReactNode }) {
  return (
    <SiteMessages>
      <Frame>{children}</Frame>
    </SiteMessages>
  );
}
