/** What a key asks a player for. Seconds are those of the video. */
export type PlayerAction =
  | { do: "play" | "mute" | "fullscreen" | "captions" | "help" }
  /** Back (below 0) or forth by so many seconds. */
  | { do: "seek"; by: number }
  /** By so many pictures. */
  | { do: "frame"; by: -1 | 1 }
  /** To so many tenths of the clip. */
  | { do: "tenth"; tenth: number }
  /** One step slower or faster. */
  | { do: "speed"; by: -1 | 1 }
  /** Where what is wanted of it begins or ends. */
  | { do: "mark"; edge: "start" | "end" };

type Press = Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">;

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;
const [FAR, NEAR, FINE] = [10, 5, 1];

const ACTIONS: Record<string, PlayerAction> = {
  " ": { do: "play" },
  k: { do: "play" },
  j: { do: "seek", by: -FAR },
  l: { do: "seek", by: FAR },
  ",": { do: "frame", by: -1 },
  ".": { do: "frame", by: 1 },
  "<": { do: "speed", by: -1 },
  ">": { do: "speed", by: 1 },
  i: { do: "mark", edge: "start" },
  o: { do: "mark", edge: "end" },
  m: { do: "mute" },
  f: { do: "fullscreen" },
  c: { do: "captions" },
  "?": { do: "help" },
};

/** Where the keys of Latin letters are, for keyboards of other scripts (UI Events, `code`). */
const PLACES: Record<string, string> = { Comma: ",", Period: ".", Slash: "/" };
const SHIFTED: Record<string, string> = { ",": "<", ".": ">", "/": "?" };

/** The letter that a press stands for: its own where it is of ASCII, else the one that a Latin keyboard has in its place. */
function letterOf({ key, code, shiftKey }: Press): string {
  if (/^[\x20-\x7e]$/.test(key)) return key.toLowerCase();
  const place = /^(?:Key([A-Z])|(?:Digit|Numpad)(\d))$/.exec(code);
  const letter = place?.[1]?.toLowerCase() ?? place?.[2] ?? PLACES[code] ?? "";
  return shiftKey ? (SHIFTED[letter] ?? letter) : letter;
}

/** What a press of a key asks a player for; null for nothing. Pure. */
export function actionOf(press: Press): PlayerAction | null {
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  const step = press.shiftKey ? FINE : NEAR;
  if (press.key === "ArrowLeft") return { do: "seek", by: -step };
  if (press.key === "ArrowRight") return { do: "seek", by: step };
  const letter = letterOf(press);
  if (/^\d$/.test(letter)) return { do: "tenth", tenth: Number(letter) };
  return Object.hasOwn(ACTIONS, letter) ? (ACTIONS[letter] ?? null) : null;
}

/** The next slower or faster speed; the last one there is where there is none. Pure. */
export function nextSpeed(speed: number, by: -1 | 1): number {
  const next = by > 0 ? SPEEDS.find((one) => one > speed) : SPEEDS.findLast((one) => one < speed);
  return next ?? speed;
}

/** What has the focus while a key is pressed, as far as keys of its own go. */
type KeyPlace = "free" | "press" | "own";

const OWN =
  'input:not([type="button"], [type="submit"]), textarea, select, [contenteditable="true"], [role="menu"], [role="tab"], [role="textbox"], [role="combobox"], [role="spinbutton"], [role="dialog"], [role="alertdialog"], video[controls]';
/** They take Space and Enter, and whichever arrows they use before a player sees them. */
const PRESS = 'button, a[href], summary, label, [role="button"], [role="option"], [role="slider"]';

/** What an element does with keys itself: nothing, Space and Enter, or more. @param within whatever this lies in does not count */
export function keyPlaceOf(element: Element | null, within: Element | null = null): KeyPlace {
  const owner = element?.closest(OWN);
  if (owner && !(within && owner.contains(within))) return "own";
  return element?.closest(PRESS) ? "press" : "free";
}

/** Whether a player may take a key while such an element has the focus. Pure. */
export const mayTake = (place: KeyPlace, { key }: Pick<Press, "key">): boolean =>
  place === "free" || (place === "press" && key !== " " && key !== "Enter");

/** All keys for the help, in groups; each is a list of the keys that do the same. */
export const KEY_HELP = [
  {
    group: "play",
    rows: [
      { keys: [["Space"], ["K"]], what: "play" },
      { keys: [["<"], [">"]], what: "speed" },
    ],
  },
  {
    group: "move",
    rows: [
      { keys: [["J"], ["L"]], what: "far" },
      { keys: [["←"], ["→"]], what: "near" },
      {
        keys: [
          ["Shift", "←"],
          ["Shift", "→"],
        ],
        what: "fine",
      },
      { keys: [[","], ["."]], what: "frame" },
      { keys: [["0"], ["9"]], what: "tenth" },
    ],
  },
  {
    group: "look",
    rows: [
      { keys: [["M"]], what: "mute" },
      { keys: [["C"]], what: "captions" },
      { keys: [["F"]], what: "fullscreen" },
    ],
  },
  {
    group: "mark",
    rows: [
      { keys: [["I"]], what: "start" },
      { keys: [["O"]], what: "end" },
      { keys: [["?"]], what: "help" },
    ],
  },
] as const;
