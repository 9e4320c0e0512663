/**
 * The page's content security policy. Only scripts that carry this answer's nonce run, and those that they load themselves; no inline
 * script without it does. Style attributes are allowed (React sets widths and positions with them), style elements need the nonce.
 * Pure. @param nonce base64, new for each answer @param others addresses besides its own origin that the page talks to: the API's, and
 * the bucket's, to which it sends files
 */
export function contentPolicy(nonce: string, others: readonly string[] = []): string {
  const api = others.map((address) => ` ${new URL(address).origin}`).join("");
  // Clips may lie in a bucket, so media may come from any https address; what runs or is talked to may not.
  const media = `'self' blob: data: https: http://localhost:* http://127.0.0.1:*${api}`;
  return [
    "default-src 'none'",
    // browsers that know 'strict-dynamic' pass over 'self'
    `script-src 'nonce-${nonce}' 'strict-dynamic' 'self'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    `connect-src 'self'${api}`,
    `img-src ${media}`,
    `media-src ${media}`,
    "font-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}
