/** `Content-Disposition` with the name twice (RFC 6266): plain for old readers, UTF-8 for all others. Pure. */
export function attachment(name: string): string {
  const safe = name
    .toWellFormed()
    .replace(/[\p{C}\p{Zl}\p{Zp}/\\]/gu, "_")
    .slice(0, 150)
    .toWellFormed();
  const plain = safe.replace(/[^\x20-\x7e]|["%]/g, "_");
  const full = encodeURIComponent(safe).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${full}`;
}
