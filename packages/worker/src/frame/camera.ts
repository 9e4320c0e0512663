/** Seconds between two positions of the camera. */
export const STEP_SECONDS = 0.2;
/** Beyond this part of the window's length from where it is wanted, a face is out of the window: no camera that moves evenly could help. */
const OUT = 0.46;
/** Places and speeds are multiples of this. */
const GRAIN = 0.01;
/** No more places than this, however wide the picture: the cost of a plan is bounded. */
const MOST_PLACES = 400;
/** Fastest move (grains per step: two windows a second) and its change from step to step. */
const FASTEST = 40;
const CHANGE = 4;
/** What a plan costs: grains off the middle, and too far off; grains of travel; each change of speed; steps in motion; each start of a move. */
const COST = { off: 0.3, tooFar: 15, travel: 1, change: 0.5, moving: 3.5, start: 60 };
/** Corners of a move are rounded over this long, seconds. */
const ROUND_SECONDS = 0.2;
/** Keypoints are left out where the window comes by within this part of its length: less than a pixel of the output. */
const EXACT = 0.0008;
const MOST_KEYPOINTS = 48;

/** How far a subject may be from where it is wanted, parts of the window's length: at no cost, and at most. */
interface Room {
  free: number;
  furthest: number;
}

export interface Keypoint {
  at: number;
  /** Of the window's corner, pixels. */
  value: number;
}

/**
 * The way of a camera along one axis: at rest where the face stays around the middle, otherwise on straight ways with eased starts and stops.
 * It is the cheapest of all ways on a grid of places and speeds, found by dynamic programming: travel, change of speed and distance from the
 * middle are paid by their absolute values, as in L1-optimal camera paths (Grundmann et al., CVPR 2011), which is what makes rests rests; and
 * a start costs, so that there are few. Time and memory grow with the length alone.
 * @param wanted where the window's corner would have to be for the face to be in its middle, one per STEP_SECONDS from `start`, pixels
 * @param window the window's length
 * @param most the last place of its corner; the first one is 0
 * @returns keypoints, linear in between; one if the window rests. `out`: parts of the time in which the face is not in the window.
 */
export function planCamera(
  wanted: number[],
  { window, most, start, room }: { window: number; most: number; start: number; room: Room },
): { keypoints: Keypoint[]; out: number } {
  // even, as a window at rest lies on even pixels
  const grain = 2 * Math.max(1, Math.round((window * GRAIN) / 2), Math.ceil(most / MOST_PLACES / 2));
  const aims = wanted.map((place) => Math.min(most, Math.max(0, place)));
  const [low, high] = [Math.min(...aims), Math.max(...aims)];
  const even = (place: number) => Math.min(2 * Math.floor(most / 2), 2 * Math.round(place / 2));
  if (high - low <= 2 * room.free * window)
    return { keypoints: [{ at: start, value: even((low + high) / 2) }], out: 0 };

  // no good way leaves what is wanted
  const first = Math.floor(low / grain) * grain;
  const count = Math.floor((Math.min(most, high + grain) - first) / grain + 1e-9) + 1;
  const places = cheapestWay(
    aims.map((aim) => offCosts(aim - first, { grain, window, count, room })),
    count,
  ).map((place) => first + place * grain);
  const out = places.filter((place, i) => Math.abs(place - (aims[i] ?? place)) > OUT * window).length;
  const nodes = places.map((value, i) => ({ at: start + (i + 0.5) * STEP_SECONDS, value }));
  return { keypoints: fewest(rounded(nodes), EXACT * window), out: out / Math.max(1, places.length) };
}

/** The place of each step, grains. `off[step][place]` is what it costs to be there. */
function cheapestWay(off: Float64Array[], count: number): number[] {
  const speeds = 2 * FASTEST + 1;
  // before[step]: by how much the speed changed to come here, per place and speed
  const before: Int8Array[] = [];
  let costs = new Float64Array(count * speeds);
  for (const [step, here] of off.entries()) {
    const next = new Float64Array(count * speeds).fill(Number.POSITIVE_INFINITY);
    const came = new Int8Array(count * speeds);
    for (let place = 0; place < count; place++) {
      for (let s = 0; s < speeds; s++) {
        const speed = s - FASTEST;
        const from = place - speed;
        const to = place * speeds + s;
        if (step === 0) next[to] = (here[place] ?? 0) + (speed === 0 ? 0 : COST.start);
        if (step === 0 || from < 0 || from >= count) continue;
        let best = Number.POSITIVE_INFINITY;
        for (let change = -CHANGE; change <= CHANGE; change++) {
          const old = s - change;
          if (old < 0 || old >= speeds) continue;
          const starts = speed !== 0 && (old - FASTEST) * speed <= 0 ? COST.start : 0;
          const cost = (costs[from * speeds + old] ?? 0) + COST.change * Math.abs(change) + starts;
          if (cost >= best) continue;
          best = cost;
          came[to] = change;
        }
        const motion = speed === 0 ? 0 : COST.moving + COST.travel * Math.abs(speed);
        next[to] = best + (here[place] ?? 0) + motion;
      }
    }
    before.push(came);
    costs = next;
  }
  let at = costs.reduce((best, cost, i) => (cost < (costs[best] ?? 0) ? i : best), 0);
  const way: number[] = [];
  for (let step = off.length - 1; step >= 0; step--) {
    const [place, s] = [Math.floor(at / speeds), at % speeds];
    way.unshift(place);
    const change = before[step]?.[at] ?? 0;
    at = (place - (s - FASTEST)) * speeds + s - change;
  }
  return way;
}

/** What a step costs at each place: nothing around the middle. */
function offCosts(
  aim: number,
  { grain, window, count, room }: { grain: number; window: number; count: number; room: Room },
): Float64Array {
  return Float64Array.from({ length: count }, (_, place) => {
    const off = Math.abs(place * grain - aim) / window;
    const grains = (part: number) => Math.max(0, off - part) / GRAIN;
    return COST.off * grains(room.free) + COST.tooFar * grains(room.furthest);
  });
}

/** The polyline with its corners rounded to parabolas: its mean over a short time, at twice as many points. */
function rounded(nodes: Keypoint[]): Keypoint[] {
  const places = nodes.map(({ value }) => value);
  const first = nodes[0]?.at ?? 0;
  /** Integral of the polyline from its start to a step, both may be fractions. */
  const sums = [0];
  for (const [i, value] of places.entries())
    sums.push((sums[i] ?? 0) + (value + (places[i + 1] ?? value)) / 2);
  const last = places.length - 1;
  const integral = (step: number): number => {
    if (step <= 0) return step * (places[0] ?? 0);
    if (step >= last) return (sums[last] ?? 0) + (step - last) * (places[last] ?? 0);
    const whole = Math.floor(step);
    const part = step - whole;
    const [a = 0, b = 0] = [places[whole], places[whole + 1]];
    return (sums[whole] ?? 0) + a * part + ((b - a) * part * part) / 2;
  };
  const half = ROUND_SECONDS / STEP_SECONDS;
  return Array.from({ length: Math.max(1, 2 * places.length - 1) }, (_, i) => ({
    at: first + (i / 2) * STEP_SECONDS,
    value: (integral(i / 2 + half) - integral(i / 2 - half)) / (2 * half),
  }));
}

/** As few of the points as keep the line within `exact` of all (Douglas and Peucker), or more coarsely where those are too many. */
function fewest(points: Keypoint[], exact: number): Keypoint[] {
  for (let within = exact; ; within *= 1.5) {
    const kept = simplified(points, within);
    const [one] = kept;
    if (one && kept.every(({ value }) => Math.abs(value - one.value) < 1e-9)) return [one];
    if (kept.length <= MOST_KEYPOINTS) return kept;
  }
}

function simplified(points: Keypoint[], within: number): Keypoint[] {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 3) return points;
  let [worst, furthest] = [0, within];
  for (const [i, { at, value }] of points.entries()) {
    const k = (at - first.at) / (last.at - first.at);
    const off = Math.abs(value - first.value - k * (last.value - first.value));
    if (off > furthest) [worst, furthest] = [i, off];
  }
  if (worst === 0) return [first, last];
  return [
    ...simplified(points.slice(0, worst + 1), within).slice(0, -1),
    ...simplified(points.slice(worst), within),
  ];
}
