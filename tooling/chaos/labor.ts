import type { JobEvent } from "../../packages/api/src/jobs/state.ts";
import {
  type ErrorCode,
  EXIT_FENCED,
  KangKlipError,
  type Report,
  STAGES,
} from "../../packages/contract/src/index.ts";
import type { Control } from "./control.ts";
import type { Launch, Part, Thread, World } from "./world.ts";

/** Sends what a worker says to a process of the API; the answer is whether it should go on. */
type Said = "on" | "stop";
type Ending = "succeeds" | "unreported" | "fails" | "refused" | "crashes" | "silent";

const ENDINGS: readonly Ending[] = [
  ...Array<Ending>(8).fill("succeeds"),
  "unreported",
  "fails",
  "refused",
  "crashes",
  "silent",
];
const EXIT_CANCELLED = 130;

/**
 * One worker as the simulation sees it: claims, reports, uploads, reports its end, each of it over a way that loses requests and
 * answers; what it has said may be delivered again, later and in another order, through `again`.
 */
export function* labor(
  world: World,
  launch: Launch,
  ways: { controls: readonly Control[]; faults: { calm: boolean }; again: (late: Thread) => void },
): Thread {
  const { random } = world;
  const { controls, faults, again } = ways;
  const lives = () => world.launches.get(launch.ref.ref) === launch && launch.phase !== "exited";
  const ending = random.of(ENDINGS);
  const code: ErrorCode = ending === "refused" ? "NO_VIDEO" : "RENDER_FAILED";
  let seq = 0;

  /** Until it is answered: a request that nobody answered is sent again as it was. */
  function* say(event: JobEvent): Part<Said> {
    for (;;) {
      yield;
      if (!lives()) return "stop";
      if (launch.phase === "stopping" && random.chance(0.5)) {
        world.exit(launch, EXIT_CANCELLED, "cancelled");
        return "stop";
      }
      if (!faults.calm && random.chance(0.08)) continue; // it never arrived
      if (!faults.calm && random.chance(0.08)) again(deliver(event));
      try {
        const { job } = yield* random.of(controls).answer(event);
        if (event.type === "claimed")
          world.facts.push({ is: "claimed", job: world.job, epoch: launch.epoch, launch: launch.ref.ref });
        if (!faults.calm && random.chance(0.08)) continue; // the answer never arrived
        return job.state === "CANCELLING" || job.state === "CANCELLED" ? "stop" : "on";
      } catch (error) {
        if (!(error instanceof KangKlipError)) continue; // the process died under it
        if (lives()) world.exit(launch, EXIT_FENCED, "error");
        return "stop";
      }
    }
  }

  /** What was said already arrives once more. */
  function* deliver(event: JobEvent): Thread {
    try {
      yield* random.of(controls).answer(event);
    } catch {
      // refused, or cut off: nobody waits for the answer
    }
  }

  const report = (more: Partial<Report>): JobEvent => ({
    type: "report",
    report: { job_id: world.job, epoch: launch.epoch, seq: ++seq, ...more } as Report,
  });
  const stop = () => {
    if (lives()) world.exit(launch, EXIT_CANCELLED, "cancelled");
  };

  if ((yield* say({ type: "claimed", epoch: launch.epoch, nonceHash: launch.ref.ref })) === "stop")
    return stop();
  const stages = random.whole(1, 4);
  for (let step = 0; step < stages; step++) {
    const stage = STAGES[Math.min(STAGES.length - 1, step + random.whole(0, 1))] ?? "UPLOAD";
    const told = report({ status: "RUNNING", stage, stage_progress: random.next(), message: null });
    if ((yield* say(told)) === "stop") return stop();
    if (random.chance(0.3) && (yield* say({ type: "pulse", epoch: launch.epoch })) === "stop") return stop();
  }
  if (ending === "silent")
    for (;;)
      if (lives()) yield;
      else return;
  if (ending === "crashes")
    return lives() ? world.exit(launch, 137, random.of(["oom", "error", "evicted"])) : undefined;
  if (ending === "fails" || ending === "refused") {
    yield* say(report({ status: "FAILED", code, error: "it broke", stage: "RENDER" }));
    return lives() ? world.exit(launch, 70, "error") : undefined;
  }
  if (!lives()) return;
  world.uploads.set(launch.epoch, { epoch: launch.epoch, launch: launch.ref.ref });
  if (ending === "unreported") return world.exit(launch, 0, "completed");
  yield* say(report({ status: "SUCCEEDED", manifest_sha256: launch.ref.ref }));
  if (lives()) world.exit(launch, 0, "completed");
}
