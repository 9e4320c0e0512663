import type { CreditsLedger } from "../../packages/api/src/credits/ledger.ts";
import type { StorePlace } from "../../packages/api/src/jobs/testing-place.ts";
import type { Random } from "./random.ts";

// what a first draft would do with money: each must be found out

/** A store that writes whatever it is given, whoever was first. */
export const careless = (place: StorePlace): StorePlace => ({
  ...place,
  async open() {
    const store = await place.open();
    return {
      ...store,
      async replace(job, version) {
        for (;;) if (await store.replace(job, (await store.get(job.job_id))?.version ?? version)) return true;
      },
    };
  },
});

/** A wallet is charged under a new id each time that somebody signs, as 1.x did, and nobody looks at what is there already. */
export const naiveLedger =
  (random: Random) =>
  (ledger: CreditsLedger): CreditsLedger => ({
    ...ledger,
    receipt: async () => null,
    sign: (move) => ledger.sign({ ...move, request_id: `${move.request_id}-${random.next()}` }),
  });
