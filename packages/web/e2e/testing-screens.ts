import type { Page } from "playwright-core";
import { expect } from "vitest";
import { ENOUGH, type House, type OwnJob } from "./testing-house.ts";

/** A page in one of its states. */
export interface Screen {
  name: string;
  path: string;
  /** Whose tokens the browser has. */
  jobs: OwnJob[];
  /** What shows that it has all it waits for; else a heading, and nothing that is still being loaded. */
  shows?: string;
}

const UNKNOWN_JOB = "/jobs/kk_01JD0000000000000000000000";

/**
 * Every page of KangKlip: those of jobs with one that runs, one that is done and one that failed. Its dispose cancels the one that runs, as
 * jobs that are made later would wait for it.
 */
export async function screensOf(house: House): Promise<{ screens: Screen[] } & AsyncDisposable> {
  const finished = await house.finishedJob();
  const failed = await house.makeJob("missing");
  const running = await house.makeJob("slow", { clip_duration_seconds: 45 });
  await house.until(failed, ({ state }) => state === "FAILED");
  await house.until(running, ({ state, progress }) => state === "RUNNING" && progress > 0);
  const share = await house.api(finished.token).shares.create.mutate({ job_id: finished.id });
  const gone = await house.api(finished.token).shares.create.mutate({ job_id: finished.id });
  await house.api(finished.token).shares.revoke.mutate({ job_id: finished.id, share_id: gone.share_id });
  const jobs = [finished, failed, running];
  const at = (name: string, path: string, more: Partial<Screen> = {}): Screen => ({
    name,
    path,
    jobs: [],
    ...more,
  });
  const screens = [
    at("landing", "/"),
    at("builder", "/generate-clips", { jobs }),
    at("jobs", "/jobs", { jobs, shows: `a[href*="${finished.id}"]` }),
    at("jobs-none", "/jobs"),
    at("job-running", running.path, { jobs, shows: "[data-state=now]" }),
    at("job-finished", finished.path, { jobs, shows: "video" }),
    at("job-failed", failed.path, { jobs, shows: "[role=alert] code" }),
    at("job-without-token", finished.path, { shows: "form input" }),
    at("job-unknown", UNKNOWN_JOB, { shows: "[role=alert]" }),
    at("editor", `${finished.path}/edit/1`, { jobs, shows: "[role=option]" }),
    at("share", share.path, { shows: "video" }),
    at("share-gone", gone.path),
    at("pricing", "/pricing"),
    at("credits-off", "/topup"),
    at("status", "/status"),
    at("errors", "/errors"),
    at("error", "/errors/SOURCE_NOT_FOUND"),
    at("error-unknown", "/errors/NO_SUCH_CODE"),
    at("about", "/about"),
    at("legal", "/legal"),
    at("terms", "/terms"),
    at("not-found", "/no-such-page"),
  ];
  return {
    screens,
    async [Symbol.asyncDispose]() {
      await house.api(running.token).jobs.cancel.mutate({ job_id: running.id });
    },
  };
}

/** Opens it, and waits until it has all that it shows. */
export async function openScreen(tab: Page, { path, shows }: Screen): Promise<void> {
  await tab.goto(path);
  await tab.locator("h1").first().waitFor();
  if (shows) await tab.locator(shows).first().waitFor();
  await expect.poll(() => tab.locator(".skeleton").count(), { ...ENOUGH, message: path }).toBe(0);
  await tab.evaluate(() => document.fonts.ready);
}
