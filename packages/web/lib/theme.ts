/** How the page looks: as the device says, or as somebody chose. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Where the choice is kept in the browser; nothing is kept where the device decides. */
export const THEME_KEY = "kk:theme";

const PAPER = { light: "#f3f5fa", dark: "#0b1020" } as const;

/** What a browser paints around the page. */
export const THEME_COLORS = [
  { media: "(prefers-color-scheme: light)", color: PAPER.light },
  { media: "(prefers-color-scheme: dark)", color: PAPER.dark },
];

/**
 * Runs before anything is painted, so that nobody sees the other look first. Written into each page under its nonce, as text: it holds no
 * character that React would have to write in another way.
 */
export const THEME_SCRIPT = `try{let t=localStorage.getItem(\`${THEME_KEY}\`);if(t===\`light\`||t===\`dark\`)document.documentElement.dataset.theme=t}catch{}`;
