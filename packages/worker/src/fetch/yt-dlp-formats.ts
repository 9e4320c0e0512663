import { z } from "zod";

const text = z.string().nullish().catch(null);
const number = z.number().nonnegative().nullish().catch(null);
const Fragment = z.object({ url: text, path: text, range: z.unknown().optional(), duration: number });
/** What we read of a format, to fetch it ourselves. It holds what nobody else may see: none of it is logged or kept. */
const Format = z.object({
  format_id: text,
  url: text,
  protocol: text,
  vcodec: text,
  acodec: text,
  height: number,
  tbr: number,
  filesize: number,
  filesize_approx: number,
  has_drm: z.unknown().optional(),
  http_headers: z.record(z.string(), z.string()).nullish().catch(null),
  cookies: text,
  fragment_base_url: text,
  fragments: z.array(Fragment).nullish().catch(null),
});
export type PageFormat = z.infer<typeof Format>;

const Entry = z.object({
  id: text,
  extractor_key: text,
  duration: number,
  formats: z.array(Format.catch({})).nullish().catch(null),
  requested_formats: z.array(Format).nullish().catch(null),
});

/** The formats of a page: which yt-dlp chose, and how to find the same ones again. */
export interface PageFormats {
  /** The picture's, then the sound's where it is one of its own. */
  chosen: PageFormat[];
  all: PageFormat[];
  /** The site's name for the video. */
  video: string;
  durationSeconds: number;
}

const Listed = z.object({ entries: z.array(z.unknown()) });

/** Reads the formats in an answer of `yt-dlp -J`; of a list, those of its first video. Pure. */
export function formatsIn(answer: string): PageFormats {
  const told: unknown = JSON.parse(answer);
  const entry = Listed.safeParse(told).data?.entries.find((each) => each !== null) ?? told;
  const { requested_formats: several, formats, id, extractor_key, duration } = Entry.parse(entry);
  return {
    chosen: several && several.length > 0 ? several : [Format.parse(entry)],
    all: formats ?? [],
    video: `${extractor_key}:${id}`,
    durationSeconds: duration ?? 0,
  };
}

/** Of the picture and of the sound beside it (null: it is in the picture's); in plain words why they are not to be had by need. Pure. */
export function pairOf({
  chosen,
  all,
}: PageFormats): { picture: PageFormat; sound: PageFormat | null } | string {
  if (chosen.some(({ has_drm }) => has_drm)) return "it is protected against copying";
  const [picture, ...others] = chosen.filter(({ vcodec }) => vcodec !== "none");
  const [sound = null, ...more] = chosen.filter(({ vcodec }) => vcodec === "none");
  if (!picture || others.length > 0 || more.length > 0)
    return "it is not put together of one picture and one sound";
  if (sound && picture.acodec && picture.acodec !== "none") return "there is sound in both of its files";
  const isSilent = !sound && picture.acodec === "none";
  if (isSilent && all.some(hasSoundOnly)) return "its sound was not found";
  return { picture, sound };
}

export const hasSoundOnly = ({ vcodec, acodec }: PageFormat): boolean =>
  vcodec === "none" && acodec !== "none";

/** The same formats of an answer that was given later; undefined where it has other ones. Pure. */
export function sameFormats(
  { video, all, chosen }: PageFormats,
  then: { video: string; ids: readonly string[] },
): PageFormat[] | undefined {
  if (video !== then.video) return undefined;
  const found = then.ids.map((id) => [...all, ...chosen].find(({ format_id }) => format_id === id));
  const there = found.filter((format) => format !== undefined);
  return there.length === found.length ? there : undefined;
}

/** Bytes of a format, as far as the site says. Pure. */
export const saidBytes = ({ filesize, filesize_approx }: PageFormat): number | null =>
  filesize ?? filesize_approx ?? null;
