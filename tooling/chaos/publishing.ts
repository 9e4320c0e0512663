import type { Attempt, Job } from "../../packages/api/src/jobs/job.ts";
import type { ErrorCode } from "../../packages/contract/src/index.ts";
import type { Part, World } from "./world.ts";

/**
 * The steps of the real commit as the simulation sees them: every file becomes visible, the manifest last, then what was uploaded goes.
 * It may be cut off anywhere, and two processes may do it at once.
 */
export function* publishing(
  world: World,
  step: {
    job: Job;
    attempt: Attempt;
    alive: () => void;
    publishedBefore: (attempt: Attempt, alive: () => void) => Part<boolean>;
  },
): Part {
  const { job, attempt, alive, publishedBefore } = step;
  const { epoch, manifest_sha256: wanted } = job.result ?? { epoch: 0, manifest_sha256: null };
  const isPublished = () =>
    world.published.manifest !== undefined && (wanted === null || world.published.manifest.launch === wanted);
  const done = () => world.happened({ type: "committed", epoch: attempt.epoch }, alive);
  const failed = (code: ErrorCode) =>
    world.happened(
      { type: "commit_failed", epoch: attempt.epoch, code, error: "It cannot be published" },
      alive,
    );

  yield;
  alive();
  const made = world.uploads.get(epoch);
  if (!made) {
    if (isPublished()) return void (yield* done());
    if (yield* publishedBefore(attempt, alive)) return;
    return void (yield* failed("WORKER_LOST"));
  }
  if (wanted !== null && made.launch !== wanted) return void (yield* failed("UPLOAD_FAILED"));
  for (const file of ["clip", "cover", "manifest"] as const) {
    if (world.uploads.get(epoch) !== made) {
      // another process was faster, and removed what it published
      if (isPublished()) break;
      return void (yield* failed("UPLOAD_FAILED"));
    }
    world.published[file] = made;
    yield;
    alive();
  }
  world.uploads.clear();
  yield;
  alive();
  yield* done();
}
