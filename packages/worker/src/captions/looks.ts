import { fileURLToPath } from "node:url";
import type { CaptionPreset } from "@kangklip/contract";

/** A font file and the family and weight by which ASS finds it. */
export interface FontFace {
  family: string;
  file: string;
}

export const ROBOTO_BLACK: FontFace = {
  family: "Roboto Black",
  file: fileURLToPath(import.meta.resolve("@expo-google-fonts/roboto/900Black/Roboto_900Black.ttf")),
};
export const ROBOTO_BOLD: FontFace = {
  family: "Roboto",
  file: fileURLToPath(import.meta.resolve("@expo-google-fonts/roboto/700Bold/Roboto_700Bold.ttf")),
};

/** How far a plate reaches past its word on either side, share of the font's size. */
export const PLATE_SIDE = 0.14;

/** What a preset is made of; lengths are pixels of a 1080x1920 picture. */
export interface Look {
  face: FontFace;
  fontSize: number;
  /** Shares of the font's size. */
  outline: number;
  shadow: number;
  /** Where the lowest line ends, from the top: 1440 is clear of the apps' own text, 1248 of every app's buttons too. */
  foot: number;
  capitals: boolean;
  /** How the spoken word stands out. "words": only it is shown. "plate": it lies on one. "said": it and those before it keep the colour. */
  shows: "colour" | "nothing" | "words" | "plate" | "said";
  /** A strip behind the text in the outline's colour, in place of an outline. */
  strip: boolean;
}

const AMBER: Look = {
  ...{ face: ROBOTO_BLACK, fontSize: 96, outline: 1 / 16, shadow: 1 / 24, foot: 1440 },
  ...{ capitals: false, shows: "colour", strip: false },
};

export const LOOKS: Readonly<Record<CaptionPreset, Look>> = {
  amber: AMBER,
  strict: { ...AMBER, foot: 1248 },
  clean: { ...AMBER, face: ROBOTO_BOLD, fontSize: 88, outline: 1 / 18, shows: "nothing" },
  pop: {
    ...AMBER,
    fontSize: 150,
    outline: 1 / 15,
    shadow: 1 / 20,
    foot: 1380,
    capitals: true,
    shows: "words",
  },
  bold: { ...AMBER, fontSize: 100, outline: 1 / 11, shadow: 1 / 16, capitals: true },
  boxed: { ...AMBER, fontSize: 92, shows: "plate" },
  fill: { ...AMBER, fontSize: 92, shows: "said" },
  minimal: {
    ...AMBER,
    face: ROBOTO_BOLD,
    fontSize: 62,
    outline: 1 / 5,
    shadow: 0,
    shows: "nothing",
    strip: true,
  },
};
