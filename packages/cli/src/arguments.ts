import { CaptionPreset, Language, OutputLanguage, SHARE_SECONDS } from "@kangklip/contract";
import { InvalidArgumentError } from "commander";

// what options of the command line may be; each throws InvalidArgumentError

export const whole = (from: number, to: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < from || value > to)
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  return value;
};

export const providerList = (text: string) => {
  const ids = text.split(",").map((id) => id.trim());
  if (ids.some((id) => !/^[a-z][a-z0-9-]{0,39}$/.test(id)))
    throw new InvalidArgumentError("It must be providers separated by commas, like docker,nosana.");
  return [...new Set(ids)];
};

const BUILT_IN = ["process", "docker", "nosana"];
/** For a service that this command starts: of the providers that are built in. */
export const builtInList = (text: string) => {
  const ids = providerList(text);
  const unknown = ids.filter((id) => !BUILT_IN.includes(id));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`There is no ${unknown.join(", ")}; there are ${BUILT_IN.join(", ")}.`);
  return ids;
};

export const dollars = (text: string) => {
  const usd = Number(text);
  if (text.trim() === "" || !Number.isFinite(usd) || usd < 0)
    throw new InvalidArgumentError("It must be US dollars, like 0.50.");
  return usd;
};

export const spokenLanguage = (text: string): Language => {
  const { data } = Language.safeParse(text.toLowerCase());
  if (!data) throw new InvalidArgumentError("It must be auto, or a code like en, id, fr or zh.");
  return data;
};

export const outputLanguage = (text: string): OutputLanguage => {
  const { data } = OutputLanguage.safeParse(text);
  if (!data) throw new InvalidArgumentError("It must be auto, or a code like en, id or pt-BR.");
  return data;
};

export const captionPreset = (text: string): CaptionPreset => {
  const { data } = CaptionPreset.safeParse(text);
  if (!data) throw new InvalidArgumentError(`It must be one of ${CaptionPreset.options.join(", ")}.`);
  return data;
};

export const onOff = (text: string): boolean => {
  if (text !== "on" && text !== "off") throw new InvalidArgumentError("It must be on or off.");
  return text === "on";
};

/** Seconds as a number or as on a clock: "83.5", "1:23.5", "1:02:03". */
export const seconds = (text: string): number => {
  const parts = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (!parts) throw new InvalidArgumentError("It must be seconds of the video, like 83.5 or 1:23.5.");
  const [hours = 0, minutes = 0, rest = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return hours * 3600 + minutes * 60 + rest;
};

/** A clip by its number or its file: "1", "clip_01", "clip_01.mp4". */
export const clipFile = (text: string): string => {
  const number = /^(?:clip_0)?([1-5])(?:\.mp4)?$/.exec(text)?.[1];
  if (!number) throw new InvalidArgumentError("It must be a clip's number or file, like 1 or clip_01.mp4.");
  return `clip_0${number}.mp4`;
};

const HOUR_SECONDS = 3600;
/** How long a link lives, in seconds: "12h", "7d". */
export const lifetime = (text: string): number => {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text.trim()) ?? [];
  const value = Number(count) * (unit === "d" ? 24 * HOUR_SECONDS : HOUR_SECONDS);
  if (!(value >= SHARE_SECONDS.least && value <= SHARE_SECONDS.most))
    throw new InvalidArgumentError("It must be hours or days, from 1h to 90d, like 12h or 7d.");
  return value;
};
