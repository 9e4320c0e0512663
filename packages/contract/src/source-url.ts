import ipaddr from "ipaddr.js";
import { KangKlipError } from "./errors.ts";

/** Which addresses besides public ones may be fetched; both empty by default. */
export interface AddressPolicy {
  allow_private: boolean;
  allow_origins: readonly string[];
}

const cidrs = (list: string[]) => list.map((cidr) => ipaddr.parseCIDR(cidr));
// ipaddr.js calls these unicast, or names them by a label that may change: 168.63.129.16 is Azure's wire server,
// ::/96 holds IPv4-compatible addresses, the rest are special-purpose ranges of the IANA registries.
const EXTRA_V4 = cidrs(["168.63.129.16/32", "192.88.99.0/24"]);
const EXTRA_V6 = cidrs([
  "::/96",
  "64:ff9b:1::/48",
  "5f00::/16",
  "3fff::/20",
  "100::/64",
  "fec0::/10",
  "2001::/23",
]);
const SPECIAL_NAMES =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|private|arpa|test|invalid|onion)$/;
const MAX_LENGTH = 2048;

/** Whether an IP address (text, v4 or v6, without brackets) is an ordinary public one. Pure. */
export function isPublicAddress(text: string): boolean {
  const bare = text.split("%")[0] ?? "";
  if (!ipaddr.isValid(bare)) return false;
  const parsed = ipaddr.process(bare); // unwraps ::ffff:a.b.c.d
  if (parsed.range() !== "unicast") return false;
  return parsed.kind() === "ipv4"
    ? !EXTRA_V4.some((cidr) => (parsed as ipaddr.IPv4).match(cidr as [ipaddr.IPv4, number]))
    : !EXTRA_V6.some((cidr) => (parsed as ipaddr.IPv6).match(cidr as [ipaddr.IPv6, number]));
}

/** Whether a text is an http(s) URL of sane form; says nothing about where it leads. Pure. */
export function isHttpUrl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
  if (text.length > MAX_LENGTH || /[\u0000-\u0020\u007f\\]/.test(text)) return false;
  return /^https?:\/\/[^/]/i.test(text) && URL.canParse(text);
}

/**
 * The parse wall: takes what a person typed, gives a URL object that may be fetched. Hand the object on, never the text.
 * The address behind a name is checked again where the connection is made. Pure.
 * @throws KangKlipError INVALID_INPUT "video_url must be a valid URL" for what is no http(s) URL,
 *   SOURCE_REFUSED for an address that is not public.
 */
export function parseSourceUrl(text: string, policy: AddressPolicy): URL {
  if (!isHttpUrl(text)) throw new KangKlipError("INVALID_INPUT", "video_url must be a valid URL");
  const url = new URL(text);
  if (url.username || url.password)
    throw new KangKlipError("SOURCE_REFUSED", "The address must not hold a user name or password");
  if (policy.allow_private || policy.allow_origins.includes(url.origin)) return url;
  const host = url.hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  const refused = (why: string) => new KangKlipError("SOURCE_REFUSED", `${url.hostname} ${why}`);
  if (!["", "80", "443"].includes(url.port))
    throw new KangKlipError("SOURCE_REFUSED", `Port ${url.port} is not one that videos are fetched from`);
  // a parsed URL writes an IPv4 address as four numbers, whatever was typed; asking about a name costs as much as the rest of a request
  if (/^[\d.]+$|:/.test(host) && ipaddr.isValid(host)) {
    if (!isPublicAddress(host)) throw refused("is not a public address");
  } else if (!host.includes(".") || SPECIAL_NAMES.test(host)) throw refused("is not a public host name");
  return url;
}
