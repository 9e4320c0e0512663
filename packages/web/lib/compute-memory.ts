const KEY = "kk:compute";
const CHANGED = "kk:compute-changed";

/** The choice of a browser that keeps nothing; it lasts as long as the page. */
let unkept: string | null = null;

/** The provider that was chosen in this browser; null: none in particular. */
export function readCompute(): string | null {
  try {
    return window.localStorage.getItem(KEY) ?? unkept;
  } catch {
    return unkept;
  }
}

/** Keeps the choice in this browser, or for this visit where the browser keeps nothing. */
export function keepCompute(choice: string | null) {
  unkept = choice;
  try {
    if (choice === null) window.localStorage.removeItem(KEY);
    else window.localStorage.setItem(KEY, choice);
  } catch {
    // it lasts as long as the page
  }
  window.dispatchEvent(new Event(CHANGED));
}

/** Calls back when another one was chosen, in this tab or another; gives the way to stop that. */
export function onComputeChange(changed: () => void): () => void {
  window.addEventListener("storage", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    window.removeEventListener("storage", changed);
    window.removeEventListener(CHANGED, changed);
  };
}
