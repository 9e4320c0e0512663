import type { CaptionPreset } from "@kangklip/contract";

/** How each preset is told apart in words. */
export const LOOKS: Record<CaptionPreset, { name: string; what: string }> = {
  amber: { name: "Amber", what: "The spoken word is amber" },
  strict: { name: "Strict", what: "As amber, higher: clear of every app’s buttons" },
  clean: { name: "Clean", what: "White, nothing lit up" },
  pop: { name: "Pop", what: "One word at a time, large" },
  bold: { name: "Bold", what: "Capitals, the spoken word is yellow" },
  boxed: { name: "Boxed", what: "The spoken word on a violet plate" },
  fill: { name: "Fill", what: "Words turn green and stay so" },
  minimal: { name: "Minimal", what: "Small, on a dark strip" },
};
