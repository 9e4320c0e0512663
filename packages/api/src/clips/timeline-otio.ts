import { type Cuts, type FrameRate, perSecond, piecesOf, rateOf } from "./timeline.ts";

const time = (frames: number, rate: FrameRate) => ({
  OTIO_SCHEMA: "RationalTime.1",
  rate: perSecond(rate),
  value: frames,
});
const range = (from: number, frames: number, rate: FrameRate) => ({
  OTIO_SCHEMA: "TimeRange.1",
  start_time: time(from, rate),
  duration: time(frames, rate),
});

/** An OpenTimelineIO document: picture and sound of all clips one after another, a marker at the beginning of each. */
export function asOtio({ source, clips }: Cuts): string {
  const rate = rateOf(source.fps);
  const known = source.seconds === null ? null : Math.round(source.seconds * perSecond(rate));
  const text = (words: string) => words.toWellFormed();
  const medium = {
    OTIO_SCHEMA: "ExternalReference.1",
    metadata: {},
    name: text(source.name),
    available_range: known === null ? null : range(0, known, rate),
    available_image_bounds: null,
    target_url: source.url ?? encodeURIComponent(text(source.name)),
  };
  const item = { source_range: null, effects: [], markers: [], enabled: true };
  const track = (kind: "Video" | "Audio") => ({
    OTIO_SCHEMA: "Track.1",
    metadata: {},
    name: kind === "Video" ? "V1" : "A1",
    ...item,
    kind,
    children: clips.flatMap((clip) =>
      piecesOf(clip, rate).map(({ from, frames }, index) => ({
        OTIO_SCHEMA: "Clip.2",
        metadata: { kangklip: { title: text(clip.title), piece: index + 1 } },
        name: clip.name,
        ...item,
        source_range: range(from, frames, rate),
        markers: index === 0 && kind === "Video" ? [marker(clip.name, from)] : [],
        media_references: { DEFAULT_MEDIA: medium },
        active_media_reference_key: "DEFAULT_MEDIA",
      })),
    ),
  });
  const marker = (name: string, from: number) => ({
    OTIO_SCHEMA: "Marker.2",
    metadata: {},
    name,
    color: "GREEN",
    marked_range: range(from, 0, rate),
    comment: "",
  });
  const timeline = {
    OTIO_SCHEMA: "Timeline.1",
    metadata: {},
    name: text(source.title) || "KangKlip",
    global_start_time: null,
    tracks: {
      OTIO_SCHEMA: "Stack.1",
      metadata: {},
      name: "tracks",
      ...item,
      children: [track("Video"), track("Audio")],
    },
  };
  return `${JSON.stringify(timeline, null, 2)}\n`;
}
