import { useEffect, useRef } from "react";

/**
 * A ref for what takes the place of something that had the focus: it gets the focus as it appears, unless something else of the page has
 * it by then. Without that, whoever uses a keyboard or hears the page is back at its beginning. @param wanted read as it appears
 */
export function useFocus<T extends HTMLElement>(wanted = true) {
  const ref = useRef<T>(null);
  const first = useRef(wanted);
  useEffect(() => {
    const nobody = document.activeElement === null || document.activeElement === document.body;
    if (first.current && nobody) ref.current?.focus();
  }, []);
  return ref;
}
