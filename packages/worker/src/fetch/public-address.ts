const SECRET_NAMES =
  /token|api_?key|(^|[-_])(sig|signature|key|auth|secret|pass|password|expires?|policy|credential|session|hmac|jwt)($|[-_])/i;

/** An address that may be shown and kept: of a file without its query, of a page without parameters that look secret. */
export function publicAddress(address: string, isPage: boolean): string | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) return null;
  url.hash = "";
  url.username = "";
  url.password = "";
  if (!isPage) url.search = "";
  else
    for (const name of [...url.searchParams.keys()])
      if (SECRET_NAMES.test(name)) url.searchParams.delete(name);
  return url.href;
}
