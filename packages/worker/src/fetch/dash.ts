import { KangKlipError } from "@kangklip/contract";
import { captionsIn, languageOf } from "./language.ts";
import {
  type AdaptationSet,
  type Period,
  readMpd,
  type SegmentBase,
  type SegmentList,
  secondsOf,
  type Template,
} from "./mpd.ts";
import { MAX_PARTS, type Part, type Run, type StreamPlan } from "./parts.ts";
import type { ByteRange } from "./save.ts";
import { bestVariant } from "./variant.ts";

/** One version of one track in one period, with everything it inherits. */
interface Version {
  kind: "video" | "audio" | "text" | "other";
  width: number | null;
  height: number | null;
  bandwidth: number;
  codecs: string | null;
  mimeType: string;
  language: string | null;
  isDefault: boolean;
  isProtected: boolean;
  id: string;
  base: URL;
  template: Template | undefined;
  list: SegmentList | undefined;
  /** Of one whole file. */
  single: SegmentBase | undefined;
  /** `presentationTimeOffset`, seconds. */
  offsetSeconds: number;
  periodSeconds: number | undefined;
}

/**
 * Reads a DASH manifest that came from `base` and decides what to fetch: per period the best picture up to 1080 lines, the
 * main sound, WebVTT in the job's language or that of the sound. Pure.
 * @throws KangKlipError SOURCE_LIVE for a dynamic one, SOURCE_UNSUPPORTED (protected, linked periods), NO_VIDEO, SOURCE_UNREADABLE.
 */
export function planDash(source: string, base: URL, language: string): StreamPlan {
  const mpd = readMpd(source);
  if (mpd["@type"] === "dynamic")
    throw new KangKlipError("SOURCE_LIVE", "The stream is live and has not ended yet");
  const root = under(base, mpd.BaseURL);
  const total = secondsOf(mpd["@mediaPresentationDuration"]);
  const chosen = mpd.Period.map((period, index) => {
    if (period["@href"] !== undefined)
      throw new KangKlipError(
        "SOURCE_UNSUPPORTED",
        "The DASH manifest keeps parts of itself at other addresses",
      );
    return choose(versionsOf(period, root, lengthOf(mpd.Period, index, total)), language);
  });
  const [first] = chosen;
  if (!first) throw unreadable("has no period");
  const sounds = chosen.flatMap(({ audio }) => audio ?? []);
  if (sounds.length > 0 && sounds.length < chosen.length)
    throw new KangKlipError("SOURCE_UNSUPPORTED", "The stream has sound in some of its periods only");
  const runs = chosen.map(({ video }) => runOf(video));
  return {
    way: "dash",
    video: trackOf(first.video, runs),
    audio: sounds[0] ? trackOf(sounds[0], sounds.map(runOf)) : null,
    captions:
      chosen.length === 1 && first.text
        ? { parts: [wholeFile(first.text.base.href)], language: first.text.language }
        : null,
    durationSeconds: runs.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0),
    height: first.video.height,
    codecs: first.video.codecs,
  };
}

const trackOf = ({ offsetSeconds, bandwidth }: Version, runs: Run[]) => ({ runs, offsetSeconds, bandwidth });

/** Bits per second that are good enough for ears and for a clip's sound: more is fetched for nothing. */
const GOOD_SOUND = 96_000;

/** The cheapest of the good ones, else the best. */
const bySound = (a: Version, b: Version): number => {
  const [good, other] = [a, b].map(({ bandwidth }) => bandwidth >= GOOD_SOUND);
  if (good !== other) return good ? -1 : 1;
  return good ? a.bandwidth - b.bandwidth : b.bandwidth - a.bandwidth;
};

function choose(versions: Version[], language: string) {
  const video = bestVariant(versions.filter(({ kind }) => kind === "video"));
  if (!video) throw new KangKlipError("NO_VIDEO", "The stream has no picture");
  const sounds = versions.filter(({ kind }) => kind === "audio");
  const main = sounds.filter(({ isDefault }) => isDefault);
  const audio = (
    main.length > 0 ? main : sounds.filter((sound) => sound.language === sounds[0]?.language)
  ).sort(bySound)[0];
  const texts = versions.filter(
    ({ kind, mimeType, template, list }) => kind === "text" && mimeType === "text/vtt" && !template && !list,
  );
  if (video.isProtected || audio?.isProtected)
    throw new KangKlipError("SOURCE_UNSUPPORTED", "The stream is protected against copying");
  return { video, audio, text: captionsIn(texts, [language, audio?.language ?? null]) };
}

function versionsOf(period: Period, root: URL, periodSeconds: number | undefined): Version[] {
  const periodBase = under(root, period.BaseURL);
  return period.AdaptationSet.flatMap((set) => {
    const setBase = under(periodBase, set.BaseURL);
    return set.Representation.map((one): Version => {
      const template = merged(period.SegmentTemplate, set.SegmentTemplate, one.SegmentTemplate);
      const list = merged(period.SegmentList, set.SegmentList, one.SegmentList);
      const single = merged(period.SegmentBase, set.SegmentBase, one.SegmentBase);
      const timing = template ?? list ?? single;
      const mimeType = one["@mimeType"] ?? set["@mimeType"] ?? "";
      return {
        kind: kindOf(set, mimeType),
        width: one["@width"] ?? set["@width"] ?? null,
        height: one["@height"] ?? set["@height"] ?? null,
        bandwidth: one["@bandwidth"],
        codecs: one["@codecs"] ?? set["@codecs"] ?? null,
        mimeType,
        language: languageOf(set["@lang"]),
        isDefault: set.Role.some((role) => role["@value"] === "main"),
        isProtected: [...set.ContentProtection, ...one.ContentProtection].length > 0,
        id: one["@id"],
        base: under(setBase, one.BaseURL),
        template,
        list,
        single,
        offsetSeconds: (timing?.["@presentationTimeOffset"] ?? 0) / (timing?.["@timescale"] ?? 1),
        periodSeconds,
      };
    });
  });
}

function kindOf(set: AdaptationSet, mimeType: string): Version["kind"] {
  const [kind = ""] = (mimeType || set["@contentType"] || "").split("/");
  return kind === "video" || kind === "audio" || kind === "text" ? kind : "other";
}

function runOf(version: Version): Run {
  const { template, list, single, base, periodSeconds } = version;
  const pieces: Pick<Run, "parts" | "lengths" | "index"> = template
    ? templateParts(version, template)
    : list
      ? listParts(list, base, periodSeconds)
      : { parts: [wholeFile(base.href)], ...indexOf(single) };
  if (pieces.parts.length > MAX_PARTS) throw unreadable("is too long");
  return { ...pieces, durationSeconds: periodSeconds ?? durationOf(template ?? list) ?? 0 };
}

/** Where a file says how it is cut; a header at another address is left alone. */
function indexOf(single: SegmentBase | undefined): Pick<Run, "index"> {
  const [header, index] = [single?.Initialization?.["@range"], single?.["@indexRange"]];
  if (header === undefined || index === undefined || single?.Initialization?.["@sourceURL"] !== undefined)
    return {};
  return { index: { header: rangeOf(header), index: rangeOf(index) } };
}

function templateParts(version: Version, template: Template): Pick<Run, "parts" | "lengths"> {
  const { base, id, bandwidth, periodSeconds } = version;
  const { "@media": media, "@initialization": init, "@startNumber": firstNumber = 1 } = template;
  if (media === undefined) throw unreadable("has a template without addresses");
  const fill = (pattern: string, values: Record<string, number | string>) =>
    wholeFile(absolute(filled(pattern, { RepresentationID: id, Bandwidth: bandwidth, ...values }), base));
  const times = timesOf(template, periodSeconds) ?? countedTimes(template, periodSeconds);
  const headers = init === undefined ? [] : [fill(init, {})];
  return {
    parts: [
      ...headers,
      ...times.map(({ start }, index) => fill(media, { Number: firstNumber + index, Time: start })),
    ],
    lengths: [
      ...headers.map(() => null),
      ...times.map(({ length }) => length / (template["@timescale"] ?? 1)),
    ],
  };
}

function listParts(
  list: SegmentList,
  base: URL,
  periodSeconds: number | undefined,
): Pick<Run, "parts" | "lengths"> {
  const { Initialization: init, SegmentURL: segments = [] } = list;
  const part = (address: string | undefined, range: string | undefined): Part => ({
    address: address === undefined ? base.href : absolute(address, base),
    range: range === undefined ? null : rangeOf(range),
    key: null,
  });
  const headers = init ? [part(init["@sourceURL"], init["@range"])] : [];
  const scale = list["@timescale"] ?? 1;
  const each = list["@duration"];
  const lengths =
    timesOf(list, periodSeconds)?.map(({ length }) => length / scale) ??
    (each === undefined ? [] : segments.map(() => each / scale));
  return {
    parts: [...headers, ...segments.map((segment) => part(segment["@media"], segment["@mediaRange"]))],
    ...(lengths.length === segments.length && { lengths: [...headers.map(() => null), ...lengths] }),
  };
}

/** Starts and lengths in units of the timescale, from a SegmentTimeline. `r` of -1 repeats up to the next one, or to the end. */
function timesOf(
  {
    SegmentTimeline: timeline,
    "@timescale": timescale = 1,
    "@presentationTimeOffset": offset = 0,
  }: Template | SegmentList,
  periodSeconds: number | undefined,
): { start: number; length: number }[] | undefined {
  if (!timeline) return undefined;
  const times: { start: number; length: number }[] = [];
  let at = 0;
  for (const [index, { "@t": start, "@d": length, "@r": repeat }] of timeline.S.entries()) {
    at = start ?? at;
    const end = timeline.S[index + 1]?.["@t"] ?? offset + (periodSeconds ?? 0) * timescale;
    const count = repeat >= 0 ? repeat + 1 : Math.max(1, Math.ceil((end - at) / length));
    if (times.length + count > MAX_PARTS) throw unreadable("is too long");
    for (let n = 0; n < count; n++, at += length) times.push({ start: at, length });
  }
  return times;
}

/** The same for segments of equal length: as many as the period holds. */
function countedTimes(
  {
    "@duration": length,
    "@timescale": timescale = 1,
    "@startNumber": first = 1,
    "@endNumber": last,
  }: Template,
  periodSeconds: number | undefined,
): { start: number; length: number }[] {
  if (!length) throw unreadable("does not say how long its segments are");
  const byLength =
    periodSeconds === undefined ? undefined : Math.ceil((periodSeconds * timescale) / length - 1e-6);
  const count = last === undefined ? byLength : last - first + 1;
  if (count === undefined) throw unreadable("does not say how long it is");
  if (count > MAX_PARTS) throw unreadable("is too long");
  return Array.from({ length: Math.max(0, count) }, (_, n) => ({ start: n * length, length }));
}

function durationOf(timing: Template | SegmentList | undefined): number | undefined {
  const times = timing && timesOf(timing, undefined);
  return times && times.reduce((sum, { length }) => sum + length, 0) / (timing["@timescale"] ?? 1);
}

function lengthOf(periods: readonly Period[], index: number, total: number | undefined): number | undefined {
  const [period, next] = [periods[index], periods[index + 1]];
  const start = secondsOf(period?.["@start"]) ?? (index === 0 ? 0 : undefined);
  const end = next ? secondsOf(next["@start"]) : total;
  const between = start !== undefined && end !== undefined && end > start ? end - start : undefined;
  return secondsOf(period?.["@duration"]) ?? between;
}

/** `$Number%05d$` and its like (ISO/IEC 23009-1, 5.3.9.4.4). */
function filled(pattern: string, values: Record<string, number | string>): string {
  return pattern.replace(/\$(\w*)(?:%0(\d{1,2})d)?\$/g, (all, name: string, width?: string) => {
    if (name === "") return "$";
    const value = values[name];
    return value === undefined ? all : String(value).padStart(Number(width ?? 0), "0");
  });
}

function rangeOf(text: string): ByteRange {
  const [, first, last] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  if (first === undefined || Number(last) < Number(first))
    throw unreadable("has a byte range that cannot be read");
  return { start: Number(first), length: Number(last) - Number(first) + 1 };
}

/** Lower levels override single attributes of higher ones. */
function merged<T extends object>(...levels: (T | undefined)[]): T | undefined {
  const given = levels.filter((level) => level !== undefined);
  return given.length > 0 ? Object.assign({}, ...given) : undefined;
}

const under = (base: URL, [address]: string[]): URL =>
  address === undefined ? base : new URL(absolute(address, base));

function absolute(address: string, base: URL): string {
  if (!URL.canParse(address, base.href)) throw unreadable("names an address that cannot be read");
  return new URL(address, base).href;
}

const wholeFile = (address: string): Part => ({ address, range: null, key: null });
const unreadable = (what: string) => new KangKlipError("SOURCE_UNREADABLE", `The DASH manifest ${what}`);
