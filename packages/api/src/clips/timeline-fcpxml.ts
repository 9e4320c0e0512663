import { type Cuts, type FrameRate, oneLine, piecesOf, rateOf } from "./timeline.ts";

/** Letters that XML 1.0 cannot hold at all are left out; the rest is written so that it is text in any place. */
const escaped = (text: string) =>
  text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"'\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);

/** A number of frames as a fraction of seconds, which is how FCPXML writes times. */
function time(frames: number, { frames: rate, seconds }: FrameRate): string {
  const [above, below] = [frames * seconds, rate];
  if (above % below === 0) return `${above / below}s`;
  return `${above}/${below}s`;
}

const element = (name: string, attributes: Record<string, string | number | null>, inner: string[] = []) => {
  const own = Object.entries(attributes).flatMap(([key, value]) =>
    value === null ? [] : [` ${key}="${escaped(String(value))}"`],
  );
  const open = `<${name}${own.join("")}`;
  if (inner.length === 0) return `${open}/>`;
  return `${open}>\n${inner.join("\n").replace(/^/gm, "  ")}\n</${name}>`;
};

/**
 * A FCPXML 1.10 document: one project for each clip, 1080 × 1920, which the source fills. A source of which only the name is known has that
 * for an address: the program asks where it is.
 */
export function asFcpxml({ source, clips }: Cuts): string {
  const rate = rateOf(source.fps);
  const name = oneLine(source.name, 200);
  const pieces = clips.map((clip) => piecesOf(clip, rate));
  const last = Math.max(0, ...pieces.flat().map(({ from, frames }) => from + frames));
  const known = source.seconds === null ? 0 : Math.round((source.seconds * rate.frames) / rate.seconds);
  const frameDuration = `${rate.seconds === 1 ? 100 : rate.seconds}/${rate.seconds === 1 ? rate.frames * 100 : rate.frames}s`;
  const resources = element("resources", {}, [
    element("format", { id: "r1", frameDuration, width: source.width, height: source.height }),
    element("format", { id: "r2", frameDuration, width: 1080, height: 1920 }),
    element(
      "asset",
      {
        ...{ id: "r3", name, start: "0s", duration: time(Math.max(last, known), rate) },
        ...{ hasVideo: 1, format: "r1", hasAudio: 1, videoSources: 1, audioSources: 1 },
      },
      [
        element("media-rep", {
          kind: "original-media",
          src: source.url ?? `file:///${encodeURIComponent(name)}`,
        }),
      ],
    ),
  ]);
  const projects = clips.flatMap((clip, index) => {
    const own = pieces[index] ?? [];
    const length = own.reduce((sum, { frames }) => sum + frames, 0);
    if (length === 0) return [];
    const parts = own.map(({ from, at, frames }) =>
      element(
        "asset-clip",
        {
          ...{ ref: "r3", offset: time(at, rate), name: clip.name },
          ...{ start: time(from, rate), duration: time(frames, rate), format: "r1", tcFormat: "NDF" },
        },
        [element("adjust-conform", { type: "fill" })],
      ),
    );
    const sequence = { format: "r2", duration: time(length, rate), tcStart: "0s", tcFormat: "NDF" };
    const shown = element("sequence", sequence, [element("spine", {}, parts)]);
    return [element("project", { name: clip.name }, [shown])];
  });
  const event = element("event", { name: oneLine(source.title, 200) || "KangKlip" }, projects);
  const document = element("fcpxml", { version: "1.10" }, [resources, element("library", {}, [event])]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n${document}\n`;
}
