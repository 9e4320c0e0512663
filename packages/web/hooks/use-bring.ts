import { useEffect, useRef, useState } from "react";

interface Brought {
  onFile: (file: File) => void;
  /** What was pasted or dropped as text. */
  onText: (text: string) => void;
}

/**
 * Takes what is dropped anywhere on the page, and what is pasted where nobody writes. `over`: something is held over the page right now.
 * Nothing is taken while not `wanted`; a file that is dropped then does not open in the page's place either.
 */
export function useBring(wanted: boolean, brought: Brought): { over: boolean } {
  const [over, setOver] = useState(false);
  const take = useRef(brought);
  take.current = brought;
  useEffect(() => {
    let own = false; // a link or picture of this very page is being moved about
    const onStart = () => {
      own = true;
    };
    const onEnd = () => {
      own = false;
    };
    const carries = (data: DataTransfer | null) =>
      data?.types.includes("Files") || data?.types.includes("text/uri-list") || false;
    function onOver(event: DragEvent) {
      if (own || !carries(event.dataTransfer)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = wanted ? "copy" : "none";
      setOver(wanted);
    }
    function onLeave(event: DragEvent) {
      if (event.relatedTarget === null) setOver(false); // it left the window
    }
    function onDrop(event: DragEvent) {
      setOver(false);
      if (own || !carries(event.dataTransfer)) return;
      event.preventDefault();
      if (wanted) hand(event.dataTransfer, "text/uri-list");
    }
    function onPaste(event: ClipboardEvent) {
      const writes =
        event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
      if (!wanted || writes) return;
      hand(event.clipboardData, "text/plain");
    }
    function hand(data: DataTransfer | null, kind: string) {
      const file = data?.files[0];
      const text = data?.getData(kind).trim();
      if (file) take.current.onFile(file);
      else if (text) take.current.onText(text);
    }
    document.addEventListener("dragstart", onStart);
    document.addEventListener("dragend", onEnd);
    document.addEventListener("dragover", onOver);
    document.addEventListener("dragleave", onLeave);
    document.addEventListener("drop", onDrop);
    document.addEventListener("paste", onPaste);
    return () => {
      document.removeEventListener("dragstart", onStart);
      document.removeEventListener("dragend", onEnd);
      document.removeEventListener("dragover", onOver);
      document.removeEventListener("dragleave", onLeave);
      document.removeEventListener("drop", onDrop);
      document.removeEventListener("paste", onPaste);
    };
  }, [wanted]);
  return { over };
}
