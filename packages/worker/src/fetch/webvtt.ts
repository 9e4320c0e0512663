interface Cue {
  start: number;
  end: number;
  text: string;
}

const TIMES = /^((?:\d{2,}:)?\d{2}:\d{2}\.\d{3})[ \t]+-->[ \t]+((?:\d{2,}:)?\d{2}:\d{2}\.\d{3})/;
const MAP = /^X-TIMESTAMP-MAP=(?=.*MPEGTS:(\d{1,10}))(?=.*LOCAL:([\d:.]+))/m;
const TICKS_PER_SECOND = 90_000;

/**
 * Joins the WebVTT segments of a stream into one text whose time 0 is the first picture's or sound's: cues that two
 * segments share come once, styles and settings are dropped. `zeroSeconds` is the stream's own clock at that moment,
 * used where a segment says how its clock relates to it (X-TIMESTAMP-MAP, RFC 8216 3.5). Pure.
 */
export function joinVtt(texts: readonly string[], zeroSeconds: number): string {
  const cues = new Map<string, Cue>();
  for (const text of texts) {
    const [, ticks, local = "00:00.000"] = MAP.exec(text) ?? [];
    const shift = ticks === undefined ? 0 : Number(ticks) / TICKS_PER_SECOND - secondsOf(local) - zeroSeconds;
    for (const block of text.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
      const lines = block.split("\n");
      const at = lines.findIndex((line) => TIMES.test(line));
      const [, from, to] = TIMES.exec(lines[at] ?? "") ?? [];
      if (from === undefined || to === undefined) continue;
      const cue = {
        start: Math.max(0, secondsOf(from) + shift),
        end: secondsOf(to) + shift,
        text: lines
          .slice(at + 1)
          .join("\n")
          .trim(),
      };
      if (cue.text && cue.end > cue.start) cues.set(`${stamp(cue.start)} ${stamp(cue.end)} ${cue.text}`, cue);
    }
  }
  const body = [...cues.values()]
    .sort((a, b) => a.start - b.start)
    .map(({ start, end, text }) => `${stamp(start)} --> ${stamp(end)}\n${text}\n`);
  return ["WEBVTT\n", ...body].join("\n");
}

const secondsOf = (time: string): number =>
  time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) || 0;

function stamp(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}
