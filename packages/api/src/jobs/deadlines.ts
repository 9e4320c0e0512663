// how long each thing may take; what a launch may take until it is claimed is in launch.ts

export const HEARTBEAT_SECONDS = 10;
export const LEASE_MS = 45_000;
/** From the launch being seen running to the claim. */
export const CLAIM_MS = 120_000;
export const STALL_MS = 10 * 60_000;
/** A worker that says nothing while its provider says nothing either is waited for this long: nothing is paid a second time sooner. */
export const UNREACHABLE_MS = 10 * 60_000;
export const RUN_MS = 4 * 3_600_000;
/** After this long a cancelled job ends although its launch was not seen gone; it is still looked after. */
export const CANCEL_MS = 10 * 60_000;
export const COMMIT_MS = 3_600_000;
