import { useSyncExternalStore } from "react";
import { THEME_KEY, THEMES, type Theme } from "../lib/theme.ts";

const changed = new Set<() => void>();

const read = (): Theme => {
  const { theme } = document.documentElement.dataset;
  return THEMES.find((known) => known === theme) ?? "system";
};

function subscribe(onChange: () => void) {
  const elsewhere = ({ key, newValue }: StorageEvent) => {
    if (key === THEME_KEY) apply(THEMES.find((known) => known === newValue) ?? "system");
  };
  changed.add(onChange);
  addEventListener("storage", elsewhere); // another tab chose
  return () => {
    changed.delete(onChange);
    removeEventListener("storage", elsewhere);
  };
}

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const tell of changed) tell();
}

/** The look that was chosen, and a way to choose another: kept in the browser where it allows it, and taken up by all tabs. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore<Theme>(subscribe, read, () => "system");
  const choose = (next: Theme) => {
    apply(next);
    try {
      if (next === "system") localStorage.removeItem(THEME_KEY);
      else localStorage.setItem(THEME_KEY, next);
    } catch {
      // it holds for this page alone where the browser keeps nothing
    }
  };
  return [theme, choose];
}
