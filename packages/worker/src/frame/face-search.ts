import { type Face, plausibleFaces, smallTiles, type Tile, wholeTile } from "./blazeface.ts";
import type { Picture } from "./picture.ts";

/** Below it a box is noise. False boxes of 0.5-0.6 exist; track.ts asks the rest to persist. */
const MIN_SCORE = 0.5;
/** A face of this score and this part of the picture's long side needs no closer look. */
const SURE_SCORE = 0.7;
const SURE_SIZE = 0.08;
/** With nothing found, every fourth picture is searched closely: a slide has no face, and a search costs three calls. */
const CLOSE_EVERY = 4;

/**
 * How a picture is looked at: "whole" closely only where what is found in it as a whole is small or unsure, "close"
 * also where nothing is found at first; "next" for pictures that follow one another evenly, of which it is decided here.
 */
export type Manner = "next" | "whole" | "close";
export const MANNERS: readonly Manner[] = ["next", "whole", "close"];

/** Before each picture on the detector's stdin, little endian: width (32 bits), height (16), and which of the manners (16). */
export const HEADER_BYTES = 8;
/** One message of the detector per picture, in their order; after `failed` there are no more. */
export type Reply = { faces: Face[] | null } | { failed: string };

/**
 * Decides where to look in one picture after the other of a video: in the whole picture, and closely (square tiles) while
 * the faces are small. `detect` gives the faces in a tile, in pixels of the picture.
 * @returns a function from a picture to its faces, best first, or null where it was not worth a look: of pictures with
 * small faces that come as "next" every second one is left out, which keeps the cost even.
 */
export function createFaceSearch(detect: (picture: Picture, tile: Tile, minScore: number) => Face[]) {
  let sinceClose = CLOSE_EVERY;
  let small = false;
  return (picture: Picture, manner: Manner = "next"): Face[] | null => {
    const next = manner === "next";
    if (next) sinceClose++;
    if (next && small && sinceClose < 2) return null;
    const whole = plausibleFaces(detect(picture, wholeTile(picture), MIN_SCORE));
    const sureSize = SURE_SIZE * Math.max(picture.width, picture.height);
    if (whole.some((face) => face.score >= SURE_SCORE && face.w >= sureSize)) {
      small = false;
      sinceClose = CLOSE_EVERY;
      return whole;
    }
    const enough = next ? !small && sinceClose < CLOSE_EVERY : manner === "whole";
    if (enough && whole.length === 0) return [];
    sinceClose = 0;
    const close = smallTiles(picture).flatMap((tile) => detect(picture, tile, MIN_SCORE));
    const faces = plausibleFaces([...whole, ...close]);
    small = faces.some((face) => face.score >= SURE_SCORE);
    return faces;
  };
}
