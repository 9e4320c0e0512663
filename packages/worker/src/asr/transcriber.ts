import type { Word } from "@kangklip/contract";
import type { FetchedSource, SoundMap, StageContext, Transcript } from "../stage.ts";
import type { DecodedSound } from "./sound.ts";

/** What a transcriber works on: the source, and its sound as samples on disk and as a map of its silences, which may still grow. */
export interface Hearing extends DecodedSound {
  context: StageContext;
  source: FetchedSource;
  sound: SoundMap;
  /** How much of the recognition is done, 0..1, and the time (seconds of the source) up to which words are known. */
  heard(fraction: number, upToSeconds: number): void;
  /**
   * All parts up to a second of the source are heard. A recogniser that knows nothing for sure before its end does not call it.
   * @param soFar what is sure by then: the first words of what comes out at the end, just as they will be there; not cheap
   */
  sure?(upToSeconds: number, soFar: () => HeardSoFar): void;
  /** What is being waited for before recognition begins. */
  waiting(message: string): void;
}

/** What was heard. */
export type Heard = Pick<Transcript, "language" | "accuracy" | "timing" | "segments" | "notes">;
/** The beginning of what will have been heard: words in order, of which none will change. */
export type HeardSoFar = Pick<Transcript, "language" | "accuracy"> & { words: Word[] };
/** Why there is nothing, as a clause ("the source has no captions"), and what of it belongs into the receipt. */
export interface Unavailable {
  unavailable: string;
  note?: string;
}

/** Something that turns speech into words with times. Adding one: implement this and put it into the list in stages/transcribe.ts. */
export interface Transcriber {
  readonly name: Exclude<Transcript["transcriber"], "none">;
  /**
   * The words of the source; or why this transcriber has none to offer for it.
   * A transcriber that should work here and does not throws; a cancelled one throws the signal's reason, with its children gone.
   */
  transcribe(hearing: Hearing): Promise<Heard | Unavailable>;
}
