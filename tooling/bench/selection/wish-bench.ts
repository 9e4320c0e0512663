import { aSelectContext } from "../../../packages/worker/src/select/testing.ts";
import { select } from "../../../packages/worker/src/stages/select.ts";
import { randomClips } from "./baselines.ts";
import type { Labelled } from "./labelled.ts";
import type { Stretch } from "./metrics.ts";
import { randomFor } from "./random.ts";
import { bootstrap, mean, quantile } from "./statistics.ts";

/** How often the best clip is the moment that was asked for, 0..1. */
export interface WishFigures {
  wishes: number;
  hit: number;
  low: number;
  high: number;
  /** The same talks without the wish, and clips anywhere: mean and 95th percentile. */
  without: number;
  random: number;
  random95: number;
  /** Wishes about which it was said that nothing is. */
  unmet: number;
}

/** Wishes must be met more often than chance does. @returns what does not hold, in words. */
export const wishFaults = ({ hit, random95 }: WishFigures): string[] =>
  hit > random95
    ? []
    : [
        `wishes are met in ${hit.toFixed(3)}, not above the 95th percentile of chance, ${random95.toFixed(3)}`,
      ];

/** A clip shows a moment where it holds half of it. */
const SHARE = 0.5;
const shows = (clip: Stretch | undefined, { start, end }: Stretch) =>
  clip !== undefined && Math.min(clip.end, end) - Math.max(clip.start, start) >= SHARE * (end - start);

/**
 * Asks each talk for each of its moments, by words that somebody else would choose, and looks at the best clip alone. The selector sees
 * the wish and no label.
 */
export async function runWishes(
  set: readonly Labelled[],
  options: { seed: number; clipSeconds: number; draws: number },
): Promise<WishFigures> {
  const { seed, clipSeconds, draws } = options;
  const hits: number[] = [];
  const without: number[] = [];
  let unmet = 0;
  const asked: { seconds: number; moment: Stretch }[] = [];
  for (const { input, told = [], heat } of set) {
    const best = async (about: string | null) => {
      const context = aSelectContext({ clip_count: 1, clip_duration_seconds: clipSeconds, about });
      const { edl } = await select(context, input);
      unmet += Number(context.notices.some((notice) => notice.startsWith("Nothing in the video is about")));
      return edl.clips[0]?.segments[0];
    };
    const own = told.length > 0 ? await best(null) : undefined;
    for (const { wish, ...moment } of told) {
      hits.push(Number(shows(await best(wish), moment)));
      without.push(Number(shows(own, moment)));
      asked.push({ seconds: heat.seconds, moment });
    }
  }
  const random = randomFor(seed, "clips for wishes");
  const chance = Array.from({ length: draws }, () =>
    mean(
      asked.map(({ seconds, moment }) =>
        Number(shows(randomClips(seconds, 1, clipSeconds, random)[0], moment)),
      ),
    ),
  );
  return {
    wishes: hits.length,
    hit: mean(hits),
    ...bootstrap(hits, randomFor(seed, "bootstrap of wishes")),
    without: mean(without),
    random: mean(chance),
    random95: quantile(chance, 0.95),
    unmet,
  };
}
