import type { Line, Shot } from "./script.ts";
import { drawShot, type Patch } from "./shots.ts";
import { loudnessAt, type Talk } from "./speech.ts";
import { stamp, toYuv, type Yuv } from "./yuv.ts";

/** Pictures drawn per second; the video holds each one twice. */
export const PICTURES_PER_SECOND = 15;
/** Everybody blinks for two pictures, each at their own pace. */
const PICTURES_BETWEEN_BLINKS = { host: 57, guest: 71 };

/**
 * Every picture of the talk in order, 4:2:0: the mouth of whoever speaks follows their voice.
 * The buffer given out is used again for the next picture.
 */
export function* drawTalk(talk: Talk): Generator<Uint8Array> {
  const shots = new Map<Shot, ReturnType<typeof loadShot>>();
  let current: { shot: Shot; picture: Yuv } | undefined;
  for (let index = 0; index < countPictures(talk); index++) {
    const seconds = index / PICTURES_PER_SECOND;
    const line = lineAt(talk, seconds);
    const shot = shots.get(line.shot) ?? loadShot(line.shot);
    shots.set(line.shot, shot);
    if (current?.shot !== line.shot)
      current = { shot: line.shot, picture: { ...shot.still, data: shot.still.data.slice() } };
    for (const { speaker, mouths, open, blink } of shot.people) {
      const loudness = speaker === line.speaker ? loudnessAt(talk, seconds) : 0;
      const mouth = mouths[Math.round(loudness * (mouths.length - 1))];
      if (mouth) stamp(current.picture, mouth.yuv, mouth.x, mouth.y);
      const eyes = index % PICTURES_BETWEEN_BLINKS[speaker] < 2 ? blink : open;
      stamp(current.picture, eyes.yuv, eyes.x, eyes.y);
    }
    yield current.picture.data;
  }
}

export const countPictures = (talk: Talk) => Math.ceil(talk.seconds * PICTURES_PER_SECOND);

/** The line that is spoken at a time, or the one before it; a shot changes in the middle of the pause. */
export function lineAt({ lines }: Talk, seconds: number): Line {
  const found = lines.findLast(({ startSeconds }, index) => {
    const before = lines[index - 1]?.endSeconds ?? 0;
    return seconds >= (before + startSeconds) / 2;
  });
  return found ?? lines[0] ?? { speaker: "host", shot: "wide", text: "", pauseSeconds: 0 };
}

function loadShot(shot: Shot) {
  const { still, people } = drawShot(shot);
  const yuv = ({ x, y, raster }: Patch) => ({ x, y, yuv: toYuv(raster) });
  return {
    still: toYuv(still),
    people: (["host", "guest"] as const).flatMap((speaker) => {
      const seen = people[speaker];
      if (!seen) return [];
      return [{ speaker, mouths: seen.mouths.map(yuv), open: yuv(seen.open), blink: yuv(seen.blink) }];
    }),
  };
}
