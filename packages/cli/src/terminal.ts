import { type JobView, STAGES, type Stage } from "@kangklip/contract";

/** Where words for people go (stderr) and data for machines (stdout). */
export interface Terminal {
  /** One line for a person. On a terminal what is too long for it goes on below, `hang` columns in (default: as far as the line itself). */
  say(line: string, hang?: number): void;
  /** The job's progress: a bar that redraws itself on a terminal, a line per step elsewhere. Cheap: call it with every view. */
  show(view: JobView): void;
  /** Progress of something that is no job: a download, the sample. */
  bar(label: string, fraction: number): void;
  /** Ends a bar that stands on the screen. */
  settle(): void;
  /** One JSON line for a machine; nothing without --json. */
  event(value: object): void;
  /** The result: the last line on stdout with --json, else nothing. */
  result(value: object): void;
  bold(text: string): string;
  dim(text: string): string;
}

const LABELS: Record<Stage, string> = {
  DOWNLOAD: "Fetching the video",
  TRANSCRIPT: "Listening",
  CHUNK: "Cutting into parts",
  SELECT: "Choosing moments",
  RENDER: "Rendering clips",
  UPLOAD: "Storing",
};
/** Whatever a terminal would take for a command, but for the colours used here: titles and file names come from anywhere. */
const COMMANDS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b(?!\[(?:0|1|2|33)m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g;
const BAR_CELLS = 24;
const REDRAW_MS = 80;
/** Elsewhere than on a terminal, what is waited for is told again when so much time (ms) has gone by and it reads otherwise. */
const TELL_AGAIN_MS = 10_000;

type Screen = Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns">;

/** @param quiet no words for people at all @param color whether escape codes may be used */
export function createTerminal(
  { json, quiet, color }: { json: boolean; quiet: boolean; color: boolean },
  { stdout = process.stdout, stderr = process.stderr }: { stdout?: Screen; stderr?: Screen } = {},
): Terminal {
  const live = stderr.isTTY === true && !quiet;
  const style = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, amber] = [style(1), style(2), style(33)];
  let drawn = "";
  let drawnAt = 0;
  let told = "";
  let waitedFor = "";
  let waitedForAt = 0;

  const write = (text: string) => {
    if (!quiet) stderr.write(text);
  };
  const draw = (line: string) => {
    drawn = line;
    const now = performance.now();
    if (now - drawnAt < REDRAW_MS) return;
    drawnAt = now;
    write(`\r\u001b[2K${line}`);
  };
  const settle = () => {
    if (drawn) write(`\r\u001b[2K${drawn}\n`);
    drawn = "";
  };
  const line = (label: string, fraction: number, detail: string) => {
    const filled = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_CELLS);
    const percent = `${Math.round(fraction * 100)}`.padStart(3);
    const text = `${label.padEnd(20)} ${amber("█".repeat(filled))}${dim("░".repeat(BAR_CELLS - filled))} ${percent} %`;
    const room = (stderr.columns ?? 100) - 20 - BAR_CELLS - 10;
    const shown = shorten(detail.replace(COMMANDS, ""), room);
    return shown && room > 8 ? `${text}  ${dim(shown)}` : text;
  };
  const bar = (label: string, fraction: number, detail = "") => {
    if (live) return draw(line(label, fraction, detail));
    if (told !== label) write(`${label} …\n`);
    told = label;
  };

  /** Something that nobody knows the end of: a place in a queue, an image on its way. */
  const wait = (label: string, detail: string) => {
    const text = detail.replace(COMMANDS, "");
    if (live) {
      const room = (stderr.columns ?? 100) - 23;
      return draw(text && room > 8 ? `${label.padEnd(20)}  ${dim(shorten(text, room))}` : label);
    }
    if (told !== label) write(`${label} …\n`);
    told = label;
    const sameKind = wordsOf(text) === wordsOf(waitedFor);
    if (!text || text === waitedFor || (sameKind && performance.now() - waitedForAt < TELL_AGAIN_MS)) return;
    write(`  ${text}\n`);
    [waitedFor, waitedForAt] = [text, performance.now()];
  };

  let stage: Stage | undefined;
  return {
    bold,
    dim,
    bar,
    settle,
    say(text, hang) {
      const clear = drawn && "\r\u001b[2K";
      const said = text.replace(COMMANDS, "");
      const shown = stderr.isTTY ? folded(said, (stderr.columns ?? 100) - 1, hang) : said;
      write(`${clear}${shown}\n${drawn}`); // a bar goes on below what was said
    },
    show(view) {
      if (view.status === "SUCCEEDED" && live && stage) {
        drawnAt = 0;
        draw(line(LABELS[stage], 1, ""));
      }
      const now = STAGES.find((known) => known === view.stage);
      if (view.state === "QUEUED" || view.state === "STARTING")
        return wait("Waiting for a worker", view.message ?? view.start_error ?? "");
      if (view.state === "RETRYING") {
        stage = undefined;
        return wait("Trying again", view.message ?? "");
      }
      if (!now) return;
      if (stage && stage !== now) {
        drawnAt = 0;
        if (live) draw(line(LABELS[stage], 1, ""));
        settle();
      }
      stage = now;
      const detail = [leftText(view.eta_seconds), view.message].filter(Boolean).join(" · ");
      bar(LABELS[now], view.stage_progress, view.stalled ? "no sign of life for a while" : detail);
    },
    event(value) {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    result(value) {
      settle();
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/** Breaks each line of a text between words where it is wider than the screen; colours take no room. */
function folded(text: string, width: number, hang?: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours used here begin with it
  const bare = (part: string) => part.replace(/\u001b\[\d+m/g, "");
  const widthOf = (part: string) => bare(part).length;
  return text
    .split("\n")
    .map((line) => {
      if (widthOf(line) <= width) return line;
      const indent = " ".repeat(
        Math.min(hang ?? /^ */.exec(bare(line))?.[0].length ?? 0, Math.floor(width / 2)),
      );
      const lines: string[] = [];
      let present = "";
      for (const word of line.split(/(?<=\S)(?= )/)) {
        if (present && widthOf(present + word) > width) {
          lines.push(present);
          present = indent + word.trimStart();
        } else present += word;
      }
      return [...lines, present].join("\n");
    })
    .join("\n");
}

/** What is left of the whole job, as roughly as it is known; empty where it is not. */
function leftText(seconds: number | null | undefined): string {
  if (seconds == null) return "";
  if (seconds < 55) return `about ${Math.max(5, Math.round(seconds / 5) * 5)} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `about ${minutes} min left`;
  return `about ${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
}

const shorten = (text: string, room: number) =>
  text.length > room ? `${text.slice(0, Math.max(0, room - 1))}…` : text;
/** What a line says but for its figures: "pulling 43 % of 3.1 GB" and "pulling 60 % of 3.1 GB" are of one kind. */
const wordsOf = (text: string) => text.replace(/[\d.,]+/g, "");
