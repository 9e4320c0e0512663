import type { ReactNode } from "react";
import { Frame } from "../../components/frame.tsx";
import { HeaderCredits } from "../../components/header-credits.tsx";
import { Providers } from "../../components/providers.tsx";

/** The pages that talk to the API; all others are plain HTML. */
export default function AppLayout({ children }: { children: ReactNode }) {
  return (
    <Providers>
      <Frame corner={<HeaderCredits />}>{children}</Frame>
    </Providers>
  );
}
