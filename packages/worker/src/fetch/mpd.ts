import { KangKlipError } from "@kangklip/contract";
import { XMLParser } from "fast-xml-parser";
import { z } from "zod";

const LISTS = new Set([
  "Period",
  "AdaptationSet",
  "Representation",
  "BaseURL",
  "S",
  "SegmentURL",
  "Role",
  "ContentProtection",
]);
const MAX_DEPTH = 16;

const xml = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  removeNSPrefix: true,
  parseTagValue: false,
  maxNestedTags: MAX_DEPTH,
  isArray: (name) => LISTS.has(name),
});

/** An element without attributes and children is read as "". */
const element = <T extends z.ZodRawShape>(shape: T) =>
  z.preprocess((value) => (value === "" ? {} : value), z.object(shape));
const text = z.union([z.string(), z.object({ "#text": z.string() }).transform((node) => node["#text"])]);
const whole = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const positive = whole.min(1);

const Timeline = element({
  S: z
    .array(
      element({ "@t": whole.optional(), "@d": positive, "@r": z.coerce.number().int().min(-1).default(0) }),
    )
    .default([]),
});
const timing = {
  "@timescale": positive.optional(),
  "@duration": positive.optional(),
  "@startNumber": whole.optional(),
  "@endNumber": whole.optional(),
  "@presentationTimeOffset": whole.optional(),
  SegmentTimeline: Timeline.optional(),
};
const Template = element({
  ...timing,
  "@media": z.string().optional(),
  "@initialization": z.string().optional(),
});
const Header = element({
  "@sourceURL": z.string().optional(),
  "@range": z.string().optional(),
});
const List = element({
  ...timing,
  Initialization: Header.optional(),
  SegmentURL: z
    .array(element({ "@media": z.string().optional(), "@mediaRange": z.string().optional() }))
    .optional(),
});
const Base = element({
  "@timescale": positive.optional(),
  "@presentationTimeOffset": whole.optional(),
  "@indexRange": z.string().optional(),
  Initialization: Header.optional(),
});

/** What Period, AdaptationSet and Representation have in common and inherit from each other. */
const addressing = {
  BaseURL: z.array(text).default([]),
  SegmentTemplate: Template.optional(),
  SegmentList: List.optional(),
  SegmentBase: Base.optional(),
};
const format = {
  "@mimeType": z.string().optional(),
  "@codecs": z.string().optional(),
  "@width": whole.optional(),
  "@height": whole.optional(),
  ContentProtection: z.array(z.unknown()).default([]),
};
const Representation = element({
  ...addressing,
  ...format,
  "@id": z.string().default(""),
  "@bandwidth": whole.default(0),
});
const AdaptationSet = element({
  ...addressing,
  ...format,
  "@contentType": z.string().optional(),
  "@lang": z.string().optional(),
  Role: z.array(element({ "@value": z.string().default("") })).default([]),
  Representation: z.array(Representation).default([]),
});
const Period = element({
  ...addressing,
  "@start": z.string().optional(),
  "@duration": z.string().optional(),
  "@href": z.string().optional(), // xlink:href
  AdaptationSet: z.array(AdaptationSet).default([]),
});
const Mpd = element({
  "@type": z.string().default("static"),
  "@mediaPresentationDuration": z.string().optional(),
  BaseURL: z.array(text).default([]),
  Period: z.array(Period).default([]),
});

/** The elements of a manifest (ISO/IEC 23009-1) that decide what is fetched. Attributes have an `@` before their name. */
export type Mpd = z.infer<typeof Mpd>;
export type Period = z.infer<typeof Period>;
export type AdaptationSet = z.infer<typeof AdaptationSet>;
export type Template = z.infer<typeof Template>;
export type SegmentList = z.infer<typeof List>;
export type SegmentBase = z.infer<typeof Base>;

/**
 * Reads a DASH manifest. A document type is refused before anything is parsed: without one there are no entities to expand.
 * Pure. @throws KangKlipError SOURCE_UNREADABLE
 */
export function readMpd(source: string): Mpd {
  const unreadable = (cause?: unknown) =>
    new KangKlipError("SOURCE_UNREADABLE", "The DASH manifest cannot be read", { cause });
  if (/<!(DOCTYPE|ENTITY)/i.test(source)) throw unreadable();
  let document: unknown;
  try {
    document = xml.parse(source);
  } catch (cause) {
    throw unreadable(cause);
  }
  const parsed = z.object({ MPD: Mpd }).safeParse(document);
  if (!parsed.success) throw unreadable(parsed.error);
  return parsed.data.MPD;
}

/** Seconds of an ISO 8601 duration without years and months ("PT1H2M3.5S"); undefined for anything else. Pure. */
export function secondsOf(duration: string | undefined): number | undefined {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?$/.exec(duration ?? "");
  if (!match) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
