/** A browser may begin to save a moment later. */
const KEPT_MS = 60_000;

/** Has the browser save what is at an address. @param name "" for the one that the server gives it */
export function saveAs(url: string, name: string): void {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** Has the browser save a text as a file. @param type its media type */
export const saveText = (text: string, type: string, name: string): void =>
  saveAs(URL.createObjectURL(new Blob([text], { type })), name);
