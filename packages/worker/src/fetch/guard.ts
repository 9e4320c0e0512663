import { promises as dns, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { type AddressPolicy, isPublicAddress, KangKlipError } from "@kangklip/contract";
import { Agent, buildConnector } from "undici";

/** All addresses of a host name. Tests give their own, so that no name has to exist. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;
export const systemResolve: Resolve = (hostname) => dns.lookup(hostname, { all: true });

const CONNECT_MS = 10_000;

/** Whether only public addresses may stand behind `origin`. Pure. */
export const mustBePublic = (origin: string, policy: AddressPolicy): boolean =>
  !policy.allow_private && !policy.allow_origins.includes(origin);

/**
 * A `lookup` for `net.connect`: resolves once and hands on the very answers that were checked, so there is nothing to
 * rebind. One address that is not public refuses the whole name (the rule of Synapse's resolver).
 */
export function guardedLookup(resolve: Resolve, onlyPublic: boolean): LookupFunction {
  const checked = async (hostname: string) => {
    const answers = await resolve(hostname);
    if (answers.length === 0)
      throw Object.assign(new Error(`${hostname} has no address`), { code: "ENOTFOUND" });
    if (onlyPublic && answers.some(({ address }) => !isPublicAddress(address)))
      throw new KangKlipError("SOURCE_REFUSED", `${hostname} leads to an address that is not public`);
    return answers;
  };
  return (hostname, options, callback) => {
    checked(hostname).then(
      (answers) => {
        const [first] = answers;
        if (options.all || !first) callback(null, answers);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, []),
    );
  };
}

/**
 * Refuses an IP literal that is not public; `lookup` is never asked about literals.
 * @throws KangKlipError SOURCE_REFUSED
 */
function refuseLiteral(hostname: string, onlyPublic: boolean): void {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (onlyPublic && isIP(bare) !== 0 && !isPublicAddress(bare))
    throw new KangKlipError("SOURCE_REFUSED", `${hostname} is not a public address`);
}

/**
 * An undici Agent that checks the address of every connection when it is made, whoever asked for it.
 * @param connectMs for finding the address and connecting to it.
 */
export function createGuardedAgent(
  policy: AddressPolicy,
  resolve: Resolve,
  connectMs: number = CONNECT_MS,
): Agent {
  const connector = (onlyPublic: boolean) =>
    buildConnector({
      timeout: connectMs,
      allowH2: false,
      lookup: guardedLookup(resolve, onlyPublic),
    } as buildConnector.BuildOptions);
  const [guarded, open] = [connector(true), connector(false)];
  return new Agent({
    allowH2: false,
    maxHeaderSize: 32_768,
    connect: (options, callback) => {
      const onlyPublic = mustBePublic(originOf(options), policy);
      try {
        refuseLiteral(options.hostname, onlyPublic);
      } catch (error) {
        callback(error as Error, null);
        return;
      }
      (onlyPublic ? guarded : open)(options, callback);
    },
  });
}

const originOf = ({ protocol, host, hostname }: buildConnector.Options): string =>
  new URL(`${protocol}//${host ?? hostname}`).origin;
