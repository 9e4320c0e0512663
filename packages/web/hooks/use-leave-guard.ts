import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";

/**
 * Asks before the page is left while `wanted`: the browser's own question for closing and reloading, and `asking` (where to) for links of the
 * page. The browser's back button cannot be held up; what it leaves behind is the caller's to keep.
 */
export function useLeaveGuard(wanted: boolean) {
  const router = useRouter();
  const [asking, setAsking] = useState<string | null>(null);
  useEffect(() => {
    if (!wanted) return;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    function onClick(event: MouseEvent) {
      if (event.defaultPrevented || event.button !== 0) return;
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return; // opens elsewhere
      const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
      if (!(link instanceof HTMLAnchorElement) || (link.target && link.target !== "_self")) return;
      const isHere = link.origin === location.origin && link.pathname === location.pathname;
      if (link.origin !== location.origin || isHere || link.hasAttribute("download")) return;
      event.preventDefault();
      event.stopPropagation();
      setAsking(link.pathname + link.search + link.hash);
    }
    window.addEventListener("beforeunload", onUnload);
    document.addEventListener("click", onClick, { capture: true });
    return () => {
      window.removeEventListener("beforeunload", onUnload);
      document.removeEventListener("click", onClick, { capture: true });
    };
  }, [wanted]);
  return {
    asking,
    stay: () => setAsking(null),
    /** @param first what is to be done before, so that nothing is left to ask for */
    leave(first: () => void) {
      if (asking === null) return;
      first();
      router.push(asking);
    },
  };
}
