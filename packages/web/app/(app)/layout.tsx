import type { ReactNode } from "react";
import { Providers } from "../../components/providers.tsx";

/** The pages that talk to the API; all others are plain HTML. */
export default function AppLayout({ children }: { children: ReactNode }) {
  return <Providers>{children}</Providers>;
}
