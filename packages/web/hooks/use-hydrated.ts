import { useSyncExternalStore } from "react";

const never = () => () => {};

/** Whether the page's scripts have taken over. Until then the browser itself would send a form, and what was typed would be lost. */
export const useHydrated = (): boolean =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
