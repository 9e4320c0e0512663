import type { Look } from "../../sample/face.ts";

// Everything is in pixels of the upright picture with square pixels, times are seconds from the scene's start.

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Somebody on screen during one shot. Between two places they move evenly, slow at both ends. */
export interface Person {
  who: string;
  look: Look;
  /** Middle of the head and half its height. */
  path: { at: number; x: number; y: number; size: number }[];
  /** How far the head sways, in halves of its height; 0.06 of somebody who sits still. */
  sway: number;
  /** When they nod for a second, which moves everything in their face. */
  nods?: number[];
}

/** One camera's take. */
export interface Take {
  from: number;
  place: Place;
  people: Person[];
  /** The camera is held by hand: how far it strays, pixels. */
  handheld?: number;
}

export type Place =
  | { kind: "room"; camera: number; desk?: boolean; poster?: Look }
  | { kind: "stage"; camera: number }
  | { kind: "landscape" }
  | { kind: "slide" }
  | { kind: "screencast" }
  | { kind: "black" };

/** Somebody speaks; an interjection is a word thrown in while somebody else goes on. */
export interface Turn {
  who: string;
  from: number;
  to: number;
  interjection?: boolean;
}

/** How the picture lies in its file. */
export interface Storage {
  /** Stored size and pixel shape, where they are not the upright picture's. */
  size?: { width: number; height: number; sar?: string };
  /** Degrees that a player must turn the stored picture clockwise. */
  turned?: 90 | 180 | 270;
  /** Pixels of black added above and below. */
  bars?: number;
}

/** What a scene is looked at for, besides what holds for all of them. */
export type Trait = "seated" | "talk" | "turns" | "walk" | "cuts" | "no_face" | "screen" | "rendered";

export interface Scene {
  name: string;
  traits: Trait[];
  width: number;
  height: number;
  fps: number;
  seconds: number;
  takes: Take[];
  turns: Turn[];
  storage?: Storage;
}

/** Where a head is at one moment. */
export interface Head {
  who: string;
  x: number;
  y: number;
  size: number;
}

const smooth = (t: number) => t * t * (3 - 2 * t);

/** A number of 0..1 that belongs to a text. */
export function phaseOf(text: string): number {
  let mixed = 7;
  for (const character of text) mixed = (Math.imul(mixed, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return (Math.imul(mixed, 0x9e3779b1) >>> 0) / 2 ** 32;
}

export const takeAt = ({ takes }: Scene, seconds: number): Take =>
  takes.findLast(({ from }) => from <= seconds + 1e-9) ?? (takes[0] as Take);

const isSpeaking = ({ turns }: Scene, who: string, seconds: number) =>
  turns.some((turn) => turn.who === who && seconds >= turn.from && seconds < turn.to);

/** How far everything in a take is moved by the hand that holds the camera, whole pixels. */
export function strayAt({ handheld = 0 }: Take, seconds: number): { x: number; y: number } {
  const turn = 2 * Math.PI * seconds;
  return {
    x: Math.round(handheld * (0.7 * Math.sin(turn / 3.1) + 0.3 * Math.sin(turn * 1.3))),
    y: Math.round(handheld * (0.5 * Math.sin(turn / 2.3 + 1) + 0.2 * Math.sin(turn * 1.7))),
  };
}

/** Where somebody's head is. */
export function headAt(scene: Scene, person: Person, seconds: number): Head {
  const { who, path, sway, nods = [] } = person;
  const next = path.findIndex(({ at }) => at > seconds);
  const after = path[next < 0 ? path.length - 1 : next] as Person["path"][number];
  const before = path[next < 0 ? path.length - 1 : Math.max(0, next - 1)] as Person["path"][number];
  const t = after.at > before.at ? smooth((seconds - before.at) / (after.at - before.at)) : 0;
  const between = (key: "x" | "y" | "size") => before[key] + (after[key] - before[key]) * t;
  const size = between("size");
  const [phase, turn] = [phaseOf(who) * 2 * Math.PI, 2 * Math.PI * seconds];
  const lively = isSpeaking(scene, who, seconds) ? 0.035 : 0.01;
  const swayX = sway * Math.sin(turn / 5.3 + phase) + lively * Math.sin(turn * 0.9 + phase);
  const nod = nods.find((at) => seconds >= at && seconds < at + 1);
  const nodding = nod === undefined ? 0 : 0.1 * Math.abs(Math.sin(turn * 1.5));
  const swayY = sway * 0.3 * Math.sin(turn / 3.7 + phase) + lively * Math.sin(turn * 1.7) + nodding;
  const stray = strayAt(takeAt(scene, seconds), seconds);
  return { who, x: between("x") + swayX * size + stray.x, y: between("y") + swayY * size + stray.y, size };
}

/** How far a mouth is open, 0..1: four syllables and a half a second, of different loudness. */
export function mouthAt(scene: Scene, who: string, seconds: number): number {
  if (!isSpeaking(scene, who, seconds)) return 0;
  const syllable = seconds * 4.6 + phaseOf(who) * 9;
  const loud = 0.45 + 0.55 * phaseOf(`${who}${Math.floor(syllable)}`);
  return loud * Math.abs(Math.sin(Math.PI * syllable));
}

/** Everybody's heads at a moment, in the upright picture with its black bars; those of which the half lies outside are not seen. */
export function headsAt(scene: Scene, seconds: number): Head[] {
  const down = scene.storage?.bars ?? 0;
  return takeAt(scene, seconds)
    .people.map((person) => headAt(scene, person, seconds))
    .filter(({ x, y }) => x > 0 && x < scene.width && y > 0 && y < scene.height)
    .map((head) => ({ ...head, y: head.y + down }));
}

/** Who holds the floor: the turn that began last of those that are no interjections, while it lasts. */
export const turnAt = ({ turns }: Scene, seconds: number): Turn | undefined =>
  turns.findLast(({ from, to, interjection }) => !interjection && seconds >= from && seconds < to);

/** Brows to chin, cheek to cheek: what must be seen of a face. */
export const faceBox = ({ x, y, size }: Head): Box => ({
  x: x - 0.62 * size,
  y: y - 0.32 * size,
  w: 1.24 * size,
  h: 1.3 * size,
});

/** Crown to chin, ear to ear. */
export const headBox = ({ x, y, size }: Head): Box => ({
  x: x - 0.84 * size,
  y: y - 1.1 * size,
  w: 1.68 * size,
  h: 2.1 * size,
});

export const eyesOf = ({ y, size }: Head) => y - 0.02 * size;

/** The same scene in a picture of another size: 3 makes 1920 x 1080 of 640 x 360. */
export function resized(scene: Scene, by: number): Scene {
  const takes = scene.takes.map((take) => ({
    ...take,
    handheld: (take.handheld ?? 0) * by,
    people: take.people.map((person) => ({
      ...person,
      path: person.path.map((key) => ({ at: key.at, x: key.x * by, y: key.y * by, size: key.size * by })),
    })),
  }));
  return { ...scene, takes, width: Math.round(scene.width * by), height: Math.round(scene.height * by) };
}

/** Times at which a new take begins. */
export const cutsOf = ({ takes }: Scene) => takes.slice(1).map(({ from }) => from);

/** The words of all turns, three a second, as a recogniser would give them. */
export function wordsOf({ turns }: Pick<Scene, "turns">) {
  return turns
    .flatMap(({ from, to }) => {
      const count = Math.max(1, Math.floor((to - from) * 3));
      const length = (to - from) / count;
      return Array.from({ length: count }, (_, i) => ({
        word: "word",
        start: from + i * length,
        end: from + (i + 1) * length - Math.min(0.05, length / 5),
      }));
    })
    .sort((a, b) => a.start - b.start);
}
