/** The wallet code, fetched when it is needed for the first time. */
export const loadWallet = () => import("./wallet.ts");
