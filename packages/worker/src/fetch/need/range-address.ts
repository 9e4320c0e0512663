import { KangKlipError } from "@kangklip/contract";
import { Interrupted, StatusError } from "../failure.ts";
import type { Fetcher, Opened } from "../fetcher.ts";

/** A signed address that has run out is asked for anew where the one before it leads. */
const RUN_OUT = [401, 403, 404, 410];

/** The file at the address is not the one any more of which parts are here. */
export class SourceChanged extends KangKlipError {
  constructor() {
    super("SOURCE_UNREACHABLE", "The video has changed at its address while it was being read");
  }
}

export interface AddressOptions {
  /** Empty: `again` will tell. */
  address: string;
  /** Tells where it is now that it is not at `ranOut` any more; an address that has never answered is given up instead. */
  again?: ((ranOut: string) => Promise<string>) | undefined;
}

/** Where a file is to be had, which may change while it is read. @param isKnown whether the address has answered already */
export function createAddress({ again, ...given }: AddressOptions, isKnown: boolean) {
  let { address } = given;
  let answered = isKnown;
  let url = address; // where it was found after redirects, for as long as that answers
  let waitMs = Number.POSITIVE_INFINITY;

  async function moved(ranOut: string): Promise<void> {
    const fresh = (await again?.(ranOut)) ?? ranOut;
    if (address === ranOut) [address, url, answered] = [fresh, fresh, false]; // else another lane has asked meanwhile
  }

  return {
    now: () => address,
    /** The shortest that a request took to be answered; infinite where there was none. */
    waitMs: () => waitMs,
    /** It is there: further requests go where this one was answered. */
    found(answer: Opened): void {
      url = answer.url.href;
      answered = true;
    },
    /** One request for a range. @throws Interrupted where the next one goes to another address; else as `Fetcher.open` */
    async ask(range: string, from: Fetcher): Promise<Opened> {
      if (address === "") await moved(address);
      const asked = url;
      const began = performance.now();
      try {
        const answer = await from.open(asked, { range });
        waitMs = Math.min(waitMs, performance.now() - began);
        return answer;
      } catch (cause) {
        if (!(cause instanceof StatusError) || !RUN_OUT.includes(cause.status)) throw cause;
        if (asked === address) {
          if (!again || !answered) throw cause;
          await moved(asked);
        } else if (url === asked) url = address;
        throw new Interrupted("the address has run out");
      }
    },
  };
}
