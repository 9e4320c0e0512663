import type { Dress } from "./fetcher.ts";
import type { PageFormat } from "./yt-dlp-formats.ts";

/** What any server on the way to the video may know: who asks, and from which page. */
const FOR_ALL = /^(user-agent|accept|accept-language|referer|origin|sec-fetch-\w+)$/;
/** What our own requests say or must not say, whatever a page wants. */
const NEVER =
  /^(host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|range|if-.*|accept-encoding|cookie|proxy-.*)$/;
const NAME = /^[a-z0-9-]{1,64}$/;
const VALUE = /^[\x20-\x7e]{1,4096}$/;
const MOST_HEADERS = 32;

/**
 * The headers that a site wants with requests for these formats. What is more than who asks goes only to the host that a format is at,
 * and its cookies only where they belong.
 */
export const dressOf =
  (formats: () => readonly PageFormat[]): Dress =>
  (url) => {
    const all = formats();
    const own = all.find((format) => hostOf(format.url) === url.host);
    const headers: Record<string, string> = {};
    for (const [key, value] of Object.entries((own ?? all[0])?.http_headers ?? {}).slice(0, MOST_HEADERS)) {
      const name = key.toLowerCase();
      if (!NAME.test(name) || !VALUE.test(value) || NEVER.test(name)) continue;
      if (own || FOR_ALL.test(name)) headers[name] = value;
    }
    const cookies = [...new Set(all.flatMap((format) => cookiesFor(format.cookies ?? "", url)))].join("; ");
    return cookies && VALUE.test(cookies) ? { ...headers, cookie: cookies } : headers;
  };

const hostOf = (address: string | null | undefined) =>
  address && URL.canParse(address) ? new URL(address).host : undefined;

interface Cookie {
  pair: string;
  domain: string;
  path: string;
  secure: boolean;
}

/** Those that a browser would send to this address (RFC 6265, 5.4), from yt-dlp's one line of all of them. Pure. */
function cookiesFor(line: string, url: URL): string[] {
  const cookies: Cookie[] = [];
  for (const [, name = "", value = ""] of line.matchAll(
    /([^=;\s]+)(?:=("(?:[^"\\]|\\.)*"|[^;]*))?(?:;|$)/g,
  )) {
    const last = cookies.at(-1);
    const attribute = name.toLowerCase();
    if (last && attribute === "domain") last.domain = value.toLowerCase();
    else if (last && attribute === "path") last.path = value;
    else if (last && attribute === "secure") last.secure = true;
    else if (!last || !/^(expires|version|httponly|samesite|max-age)$/.test(attribute))
      cookies.push({ pair: `${name}=${value}`, domain: "", path: "/", secure: false });
  }
  const host = url.hostname.toLowerCase();
  const belongs = ({ domain, path, secure }: Cookie) => {
    const bare = domain.replace(/^\./, "");
    const isThere =
      host === bare || (domain.startsWith(".") && bare.includes(".") && host.endsWith(`.${bare}`));
    const isBelow =
      url.pathname === path || url.pathname.startsWith(path.replace(/\/?$/, "/")) || path === "/";
    return isThere && isBelow && (!secure || url.protocol === "https:");
  };
  return cookies.filter(belongs).map(({ pair }) => pair);
}
