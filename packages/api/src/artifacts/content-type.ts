const TYPES: Record<string, string> = {
  json: "application/json",
  mp4: "video/mp4",
  jpg: "image/jpeg",
  srt: "application/x-subrip",
  vtt: "text/vtt",
  ass: "text/x-ssa",
};

/** The content type of a file of a job, by its name; undefined for other names. Pure. */
export const contentTypeOf = (name: string): string | undefined =>
  TYPES[/\.([a-z0-9]+)$/.exec(name)?.[1] ?? ""];
