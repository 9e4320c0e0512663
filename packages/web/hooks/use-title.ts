import { useLayoutEffect } from "react";

/** The tab's title, as long as the component is there. The page's own one may come later than the page, and must not take its place. */
export function useTitle(text: string) {
  useLayoutEffect(() => {
    const set = () => {
      if (document.title !== text) document.title = text;
    };
    set();
    const observer = new MutationObserver(set);
    observer.observe(document.head, { childList: true, subtree: true, characterData: true });
    return () => observer.disconnect();
  }, [text]);
}
