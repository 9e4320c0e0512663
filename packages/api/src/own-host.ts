/** The address on this machine of a server that listens on `host`: "all interfaces" is none. Pure. */
export function ownHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
