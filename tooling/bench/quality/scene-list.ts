import { randomFor } from "../selection/random.ts";
import { CAST } from "./scene-cast.ts";
import { type Person, type Place, resized, type Scene, type Take, type Trait, type Turn } from "./scenes.ts";

const FPS = 15;
const [WIDE, HIGH] = [640, 360];

type Who = keyof typeof CAST;
type Key = Person["path"][number];

/** Somebody at a part of the picture's width and height, half a head as a part of its height. */
const at = (who: Who, x: number, y: number, size: number, over: Partial<Person> = {}): Person => ({
  ...{ who, look: CAST[who], sway: 0.06, path: [{ at: 0, x: x * WIDE, y: y * HIGH, size: size * HIGH }] },
  ...over,
});

/** Somebody who goes from place to place: [seconds, part of the width]. */
const going = (who: Who, y: number, size: number, stops: [at: number, x: number][]): Person => ({
  ...at(who, 0, y, size, { sway: 0.03 }),
  path: stops.map(([seconds, x]): Key => ({ at: seconds, x: x * WIDE, y: y * HIGH, size: size * HIGH })),
});

const room = (camera: number, over: Partial<Place & { kind: "room" }> = {}): Place => ({
  ...{ kind: "room", camera },
  ...over,
});

interface Made {
  traits: Trait[];
  seconds: number;
  takes: Take[] | [Place, ...Person[]];
  turns?: Turn[];
}

const isTakes = (takes: Made["takes"]): takes is Take[] => takes[0] !== undefined && "from" in takes[0];

function scene(name: string, made: Made, over: Partial<Scene> = {}): Scene {
  const { traits, seconds, takes, turns } = made;
  const [place, ...people] = isTakes(takes) ? [room(0)] : takes;
  const cut = isTakes(takes) ? takes : [{ from: 0, place, people }];
  const first = cut[0]?.people[0]?.who;
  const spoken = turns ?? (first ? pauses(first, seconds) : []);
  return { name, traits, width: WIDE, height: HIGH, fps: FPS, seconds, takes: cut, turns: spoken, ...over };
}

/** One speaker who takes a breath every few seconds. */
function pauses(who: string, seconds: number): Turn[] {
  const turns: Turn[] = [];
  for (let from = 0.3; from < seconds - 0.5; from += 3.4)
    turns.push({ who, from, to: Math.min(seconds - 0.2, from + 3) });
  return turns;
}

/** People who take turns of `least` to `most` seconds; into long ones another one throws a word of 0.3 s. */
function exchange(
  seed: number,
  name: string,
  who: string[],
  {
    seconds,
    least,
    most,
    interject = true,
  }: { seconds: number; least: number; most: number; interject?: boolean },
): Turn[] {
  const random = randomFor(seed, name);
  const turns: Turn[] = [];
  let last = "";
  for (let from = 0.4; from + least < seconds; ) {
    const speaker = random.of(who.filter((one) => one !== last));
    // the square makes short turns more frequent, as they are
    const length = least + (most - least) * random.next() ** 2;
    const to = Math.min(seconds - 0.1, from + length);
    turns.push({ who: speaker, from, to });
    if (interject && to - from > 2.4) {
      const other = random.of(who.filter((one) => one !== speaker));
      const start = from + 0.9 + random.next() * (to - from - 2.1);
      turns.push({ who: other, from: start, to: start + 0.3, interjection: true });
    }
    from = to + 0.15 + random.next() * 0.3;
    last = speaker;
  }
  return turns;
}

/** Two or three at a desk. */
const DESK = room(2, { desk: true });
const PAIR = [at("ann", 0.3, 0.4, 0.135), at("ben", 0.71, 0.39, 0.14)];
const THREE = [at("eli", 0.18, 0.4, 0.115), at("dew", 0.5, 0.38, 0.12), at("fay", 0.82, 0.4, 0.115)];

/** Cameras change on whole pictures: the shot's first one is the one at its time. */
const onPicture = (seconds: number) => Math.round(seconds * FPS) / FPS;

function cameras(seed: number): { takes: Take[]; turns: Turn[]; seconds: number } {
  const random = randomFor(seed, "cameras");
  const shots: [Place, Person[], string][] = [
    [room(0), [at("ann", 0.36, 0.42, 0.19)], "ann"],
    [room(1), [at("ben", 0.66, 0.42, 0.19)], "ben"],
    [DESK, PAIR, "ann"],
    [room(1), [at("ben", 0.66, 0.42, 0.19)], "ben"],
    [DESK, PAIR, "ben"],
    [room(3), [at("chi", 0.24, 0.4, 0.16)], "chi"],
    [room(0), [at("ann", 0.36, 0.42, 0.19)], "ann"],
  ];
  const [takes, turns]: [Take[], Turn[]] = [[], []];
  let from = 0;
  for (const [place, people, who] of shots) {
    const to = onPicture(from + 1.7 + random.next() * 1.8);
    takes.push({ from, place, people });
    turns.push({ who, from: from + 0.05, to: to - 0.1 });
    from = to;
  }
  return { takes, turns, seconds: from };
}

function lecture(): Made {
  const speaker = [at("chi", 0.62, 0.42, 0.17)];
  const takes: Take[] = [
    { from: 0, place: room(1), people: speaker },
    { from: onPicture(2.6), place: { kind: "slide" }, people: [] },
    { from: onPicture(6.6), place: room(1), people: speaker },
    { from: onPicture(9.2), place: { kind: "black" }, people: [] },
    { from: onPicture(10.8), place: room(1), people: speaker },
  ];
  return { traits: ["cuts", "screen"], seconds: 13, takes, turns: [{ who: "chi", from: 0.1, to: 9.1 }] };
}

const alone = (who: Who, x: number, y = 0.42, size = 0.15): [Place, Person] => [room(0), at(who, x, y, size)];

/** All scenes of a seed: turns and cuts are drawn from it, people and places are the same. */
export function allScenes(seed: number): Scene[] {
  const pair = exchange(seed, "pair", ["ann", "ben"], { seconds: 26, least: 1.5, most: 8 });
  const rapid = exchange(seed, "rapid", ["ann", "ben"], {
    seconds: 14,
    least: 0.7,
    most: 2,
    interject: false,
  });
  const three = exchange(seed, "three", ["eli", "dew", "fay"], { seconds: 18, least: 1.5, most: 5 });
  const far = exchange(seed, "far", ["dew", "eli"], { seconds: 9, least: 1.8, most: 4, interject: false });
  const wide = exchange(seed, "wide", ["ben", "fay"], { seconds: 8, least: 1.6, most: 4, interject: false });
  const cut = cameras(seed);
  const short = (who: Who, x: number): Made => ({ traits: ["talk"], seconds: 3, takes: alone(who, x) });
  return [
    scene("seated", { traits: ["seated", "talk"], seconds: 10, takes: alone("ann", 0.4) }),
    scene("seated, leaning", {
      ...{ traits: ["seated", "talk"], seconds: 12 },
      takes: [
        room(1),
        {
          ...going("dew", 0.43, 0.16, [
            [0, 0.6],
            [4, 0.6],
            [5.5, 0.66],
            [8, 0.66],
            [9.5, 0.6],
          ]),
          sway: 0.1,
        },
      ],
    }),
    scene("seated, a portrait on the wall", {
      ...{ traits: ["seated", "talk"], seconds: 6 },
      takes: [room(1, { poster: CAST.fay }), at("eli", 0.38, 0.42, 0.15)],
    }),
    scene("walking slowly", {
      ...{ traits: ["walk"], seconds: 14 },
      takes: [
        { kind: "stage", camera: 1 },
        going("ben", 0.38, 0.11, [
          [0, 0.2],
          [1.5, 0.2],
          [7, 0.62],
          [9, 0.62],
          [13, 0.86],
        ]),
      ],
    }),
    scene("walking fast, then still", {
      ...{ traits: ["walk"], seconds: 9 },
      takes: [
        { kind: "stage", camera: 0 },
        going("fay", 0.38, 0.11, [
          [0, 0.18],
          [3, 0.18],
          [4.6, 0.74],
          [9, 0.74],
        ]),
      ],
    }),
    scene("two seats", {
      ...{ traits: ["talk", "turns", "rendered"], seconds: 26, turns: pair },
      takes: [DESK, ...PAIR.map((person, i) => ({ ...person, nods: [i ? 4 : 9, i ? 13 : 18] }))],
    }),
    scene("two seats, rapid", {
      traits: ["talk", "turns"],
      seconds: 14,
      turns: rapid,
      takes: [DESK, ...PAIR],
    }),
    scene("three people", { traits: ["talk", "turns"], seconds: 18, turns: three, takes: [DESK, ...THREE] }),
    scene("two close together", {
      ...{ traits: ["talk", "turns"], seconds: 6 },
      turns: exchange(seed, "close", ["chi", "dew"], { seconds: 6, least: 1.5, most: 3 }),
      takes: [room(0), at("chi", 0.45, 0.4, 0.1), at("dew", 0.58, 0.4, 0.1)],
    }),
    scene("cameras", { traits: ["talk", "turns", "cuts", "rendered"], ...cut }),
    scene("lecture with a slide and black", lecture()),
    scene("screencast with a face", {
      ...{ traits: ["screen"], seconds: 6 },
      takes: [{ kind: "screencast" }, at("eli", 0.88, 0.78, 0.1)],
    }),
    scene("slide", { traits: ["no_face", "screen"], seconds: 4, takes: [{ kind: "slide" }] }),
    scene("black", { traits: ["no_face"], seconds: 2, takes: [{ kind: "black" }] }),
    scene("landscape", { traits: ["no_face"], seconds: 4, takes: [{ kind: "landscape" }] }),
    scene("seated, camera in the hand", {
      ...{ traits: ["seated", "talk"], seconds: 6 },
      takes: [{ from: 0, place: room(1), people: [at("ben", 0.42, 0.42, 0.16)], handheld: 9 }],
    }),
    scene("sitting low", { traits: ["seated", "talk"], seconds: 4, takes: alone("fay", 0.56, 0.56, 0.14) }),
    scene("face at the edge", { traits: ["seated", "talk"], seconds: 5, takes: alone("chi", 0.09) }),
    scene("small faces", {
      ...{ traits: ["talk", "turns"], seconds: 9, turns: far },
      takes: [{ kind: "stage", camera: 2 }, at("dew", 0.3, 0.45, 0.06), at("eli", 0.7, 0.45, 0.06)],
    }),
    scene(
      "ultrawide",
      {
        traits: ["talk", "turns"],
        seconds: 8,
        turns: wide,
        takes: [room(0), at("ben", 0.3, 0.42, 0.15), at("fay", 1.04, 0.42, 0.15)],
      },
      { width: 860 },
    ),
    {
      ...resized(scene("odd, 321x181", short("ann", 0.4)), 181 / 360),
      ...{ width: 321, storage: { size: { width: 321, height: 181 } } },
    },
    {
      ...resized(scene("4:3, anamorphic", short("ben", 0.5)), 288 / 360),
      ...{ width: 512, storage: { size: { width: 360, height: 288, sar: "64/45" } } },
    },
    scene("square", { traits: ["talk"], seconds: 3, takes: alone("fay", 0.32) }, { width: 360 }),
    scene("portrait, 4:5", { traits: ["talk"], seconds: 3, takes: alone("dew", 0.24) }, { width: 288 }),
    scene("portrait, 9:16", { traits: ["talk"], seconds: 3, takes: alone("chi", 0.16) }, { width: 202 }),
    scene(
      "letterboxed",
      { traits: ["talk"], seconds: 3, takes: alone("ann", 0.6) },
      { storage: { bars: 60 } },
    ),
    ...([90, 180, 270] as const).map((turned) =>
      scene(`turned by ${turned}`, short("ben", 0.65), { storage: { turned } }),
    ),
  ];
}
