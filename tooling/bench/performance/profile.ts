/** How much a run of the bench measures. Times in seconds, sizes in pixels. */
export interface Profile {
  name: "full" | "quick" | "tiny";
  /** The unit that every source is joined from: so many seconds of the sample talk at this size, with so much noise over it (0..100). */
  unit: { seconds: number; width: number; height: number; noise: number };
  /** Of the finished clips. */
  clip: { width: number; height: number };
  /** Minutes of the source that clips are cut from. */
  minutes: number;
  /** Minutes of the sources of the scale sweep, the shortest first. */
  lengths: readonly number[];
  /**
   * Seconds at which the clips begin that are compared with other shapes: just after a key frame, or what is decoded before the start would
   * weigh more than the clip in a short one.
   */
  starts: readonly number[];
  clipSeconds: number;
  /** Interleaved runs of what costs little or is near its goal, of what costs much, and of the sweep. */
  pairs: { light: number; heavy: number; sweep: number };
  /** Begin of the clips of the sweep: they lie in the shortest source too. */
  sweepStarts: readonly number[];
  sweepClipSeconds: number;
  /** Shapes that are left out. */
  without: readonly string[];
  /**
   * Steps of crf by which ours is rendered above its own point where it stands beside these shapes, so that it is at least about as good as they and
   * takes no more bits; the others stand beside its own point.
   */
  crf: Readonly<Record<string, number>>;
  /** Whether clips with previews are made as well, to see what those add. */
  previews: boolean;
  /** Seconds of a clip over which quality is compared; null: all of it. */
  qualitySeconds: number | null;
  /** Minutes of the source of the whole job, and how many clips of 30 s it is asked for; cheap: they are small and quickly encoded. */
  job: { minutes: number; clips: number; recogniser: "auto" | "none"; isCheap: boolean };
  /** Minutes of speech that the recogniser at hand is given; empty: it is left out. */
  recognition: readonly number[];
  /** What `bench:api` is given. */
  api: { readers: number; jobs: number; seconds: number; rounds: number; waiting: number; due: number };
}

const FULL_HD = { width: 1920, height: 1080 };
const UPRIGHT = { width: 1080, height: 1920 };

export const FULL: Profile = {
  name: "full",
  ...{ unit: { seconds: 150, ...FULL_HD, noise: 7 }, clip: UPRIGHT, minutes: 60, lengths: [10, 60, 240] },
  ...{ starts: [636.3, 1886.2, 3109.3], clipSeconds: 30, pairs: { light: 3, heavy: 1, sweep: 2 } },
  ...{ sweepStarts: [61.8, 236.2, 415.7], sweepClipSeconds: 15, without: [], qualitySeconds: null },
  crf: { original: 7, supoclip: 7, openshorts: 7 },
  previews: true,
  job: { minutes: 20, clips: 3, recogniser: "auto", isCheap: false },
  recognition: [2.5, 7.5],
  api: { readers: 5000, jobs: 500, seconds: 3, rounds: 3, waiting: 20_000, due: 2000 },
};

/** At most 3 minutes on two idle cores, once the sources are there. */
export const QUICK: Profile = {
  name: "quick",
  ...{ unit: FULL.unit, clip: UPRIGHT, minutes: 10, lengths: [2.5, 10] },
  ...{ starts: [201.2], clipSeconds: 4, pairs: { light: 1, heavy: 1, sweep: 1 } },
  ...{
    sweepStarts: [61.7],
    sweepClipSeconds: 3,
    without: ["frame-pipes", "original-montage", "original-medium", "original"],
  },
  ...{ qualitySeconds: 3, crf: {}, previews: false },
  job: { minutes: 2.5, clips: 2, recogniser: "none", isCheap: true },
  recognition: [],
  api: { readers: 1000, jobs: 20, seconds: 0.5, rounds: 1, waiting: 200, due: 50 },
};

/** For the bench's own test: everything once, small. */
export const TINY: Profile = {
  name: "tiny",
  ...{
    unit: { seconds: 15, width: 480, height: 270, noise: 0 },
    clip: { width: 90, height: 160 },
    minutes: 0.5,
  },
  ...{ lengths: [0.5, 1], starts: [8], clipSeconds: 2, pairs: { light: 1, heavy: 1, sweep: 1 } },
  ...{ sweepStarts: [2], sweepClipSeconds: 1, without: ["original-medium", "openshorts"], qualitySeconds: 1 },
  crf: { original: 2 },
  previews: true,
  job: { minutes: 0.5, clips: 1, recogniser: "none", isCheap: false },
  recognition: [],
  api: { readers: 20, jobs: 4, seconds: 0.1, rounds: 1, waiting: 50, due: 10 },
};
