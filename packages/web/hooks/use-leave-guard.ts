import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";

/** The part of the Navigation API that is used here (HTML, 7.2.6); not every browser has it. */
interface Traverse extends Event {
  navigationType: string;
  destination: { key: string; url: string };
}
interface NavigationLike extends EventTarget {
  traverseTo: (key: string) => unknown;
}

/**
 * Asks before the page is left while `wanted`: for links of the page, and for back and forward where the browser lets a page ask (what it does
 * not let ask leaves the changes behind, which are kept). Closing and reloading are asked about by the browser alone, and only where nothing is
 * kept.
 */
export function useLeaveGuard(wanted: boolean, isKept: boolean) {
  const router = useRouter();
  /** How to go where somebody wants to. */
  const [asking, setAsking] = useState<{ go: () => void } | null>(null);
  const mayGo = useRef(false);
  useEffect(() => {
    if (!wanted || isKept) return;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", onUnload);
    return () => window.removeEventListener("beforeunload", onUnload);
  }, [wanted, isKept]);
  useEffect(() => {
    if (!wanted) return;
    function onClick(event: MouseEvent) {
      if (event.defaultPrevented || event.button !== 0) return;
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return; // opens elsewhere
      const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
      if (!(link instanceof HTMLAnchorElement) || (link.target && link.target !== "_self")) return;
      const isHere = link.origin === location.origin && link.pathname === location.pathname;
      if (link.origin !== location.origin || isHere || link.hasAttribute("download")) return;
      event.preventDefault();
      event.stopPropagation();
      const to = link.pathname + link.search + link.hash;
      setAsking({ go: () => router.push(to) });
    }
    const navigation = (window as { navigation?: NavigationLike }).navigation;
    function onNavigate(event: Event) {
      const { navigationType, destination, cancelable } = event as Traverse;
      if (navigationType !== "traverse" || !cancelable || mayGo.current) return;
      if (new URL(destination.url).pathname === location.pathname) return;
      event.preventDefault();
      setAsking({ go: () => navigation?.traverseTo(destination.key) });
    }
    document.addEventListener("click", onClick, { capture: true });
    navigation?.addEventListener("navigate", onNavigate);
    return () => {
      document.removeEventListener("click", onClick, { capture: true });
      navigation?.removeEventListener("navigate", onNavigate);
    };
  }, [wanted, router]);
  return {
    asking: asking !== null,
    stay: () => setAsking(null),
    /** @param first what is to be done before */
    leave(first: () => void) {
      if (!asking) return;
      first();
      mayGo.current = true;
      setAsking(null);
      asking.go();
    },
  };
}
