/** One RPC of the list. */
export interface RpcPlace {
  /** Without user and password: those go into `authorization`, for fetch takes no such address. */
  url: string;
  authorization: string | undefined;
  /** All of its address that may be shown: keys stand in the path or the query. */
  host: string;
  /** It is known to be of the same chain as the others. */
  verified: boolean;
  /** `performance.now()` until which it is asked last. */
  restUntil: number;
  /** Until which it has asked not to be asked at all. */
  busyUntil: number;
}

/** After a failure without a time of its own (ms). */
const REST_MS = 1000;
/** Nobody is left alone for longer than this (ms). */
const MAX_REST_MS = 30_000;

/** Which RPC to ask first: the one that answered last, and those that just failed at the end. */
export function createPlaces(urls: readonly string[], now: () => number = () => performance.now()) {
  const places = urls.map(placeOf);
  if (places.length === 0) throw new Error("SOLANA_RPC_URL names no RPC");
  let good = places[0];

  return {
    inOrder(): RpcPlace[] {
      const rests = (place: RpcPlace) => Number(place.restUntil > now());
      const isGood = (place: RpcPlace) => Number(place === good);
      // stable: what is equal keeps the order of the list
      return places.toSorted((a, b) => rests(a) - rests(b) || isGood(b) - isGood(a));
    },
    answered(place: RpcPlace): void {
      good = place;
      place.restUntil = 0;
      place.busyUntil = 0;
    },
    /** `busyMs`: it wants to be left alone for so long. */
    failed(place: RpcPlace, busyMs?: number): void {
      place.restUntil = now() + Math.min(busyMs ?? REST_MS, MAX_REST_MS);
      if (busyMs !== undefined) place.busyUntil = place.restUntil;
    },
    /** It answers, from an old chain: asked last for so long (ms). */
    behind(place: RpcPlace, ms: number): void {
      place.restUntil = now() + ms;
    },
    isBusy: (place: RpcPlace): boolean => place.busyUntil > now(),
    /** How long until one of them may be asked (ms). */
    busyMs: (): number => Math.max(0, Math.min(...places.map(({ busyUntil }) => busyUntil - now()))),
  };
}

function placeOf(address: string): RpcPlace {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new Error("SOLANA_RPC_URL holds something that is no address"); // not which: it may hold a key
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new Error("SOLANA_RPC_URL must be http or https addresses");
  const { username, password, host } = url;
  url.username = "";
  url.password = "";
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = username || password ? `Basic ${Buffer.from(pair).toString("base64")}` : undefined;
  return { url: url.href, authorization, host, verified: false, restUntil: 0, busyUntil: 0 };
}
