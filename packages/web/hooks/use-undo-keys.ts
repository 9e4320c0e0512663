import { useEffect, useRef } from "react";

const TEXT =
  'input:not([type="radio"], [type="checkbox"], [type="range"]), textarea, [role="dialog"], [role="alertdialog"]';

/** Ctrl+Z (or ⌘Z) and with Shift, and Ctrl+Y: except where text is written, which the browser itself takes back letter by letter. */
export function useUndoKeys(undo: (() => void) | undefined, redo: (() => void) | undefined): void {
  const latest = useRef({ undo, redo });
  latest.current = { undo, redo };
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest(TEXT)) return;
      const isZ = event.key.toLowerCase() === "z" || event.code === "KeyZ";
      const isY = event.key.toLowerCase() === "y" && !event.shiftKey;
      if (!isZ && !isY) return;
      event.preventDefault();
      if (isY || event.shiftKey) latest.current.redo?.();
      else latest.current.undo?.();
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
