import type { ReactNode } from "react";
import { Frame } from "../../components/frame.tsx";

/** The pages that are plain HTML: nothing of theirs talks to the API. */
export default function SiteLayout({ children }: { children: ReactNode }) {
  return <Frame>{children}</Frame>;
}
