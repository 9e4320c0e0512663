import type { JobView } from "@kangklip/contract";
import { useEffect, useState } from "react";
import { type Eta, nextEta } from "../lib/eta.ts";

/** How long the job still takes, as it is shown: null where that is not known. `now`: milliseconds since 1970, told anew as time goes by. */
export function useEta(view: JobView, now: number): Eta | null {
  const [eta, setEta] = useState<Eta | null>(() => nextEta(null, view, now));
  useEffect(() => setEta((before) => nextEta(before, view, now)), [view, now]);
  return eta;
}
