import type { AppRouter } from "@kangklip/api";
import type { CreateJob, JobId, JobView } from "@kangklip/contract";
import { createTRPCClient, httpBatchLink } from "@trpc/client";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { startEmbedded } from "../../../tooling/embedded.ts";
import { openBrowser } from "./browser.ts";
import { serveVideos, type VideoName } from "./testing-videos.ts";

/** Of a job on two cores that others use as well. */
export const CLIPS_MS = 900_000;
export const ENOUGH = { timeout: 60_000 };
const ASK_MS = 300;

/** What most files look at is the page: their clips are small, and made quickly. */
const SMALL_CLIPS = { RENDER_RESOLUTION: "540x960", RENDER_PRESET: "ultrafast", RENDER_CRF: "30" };
/** Clips as people get them, for those who look at the clips or measure what they weigh. */
export const FULL_CLIPS = { RENDER_RESOLUTION: "", RENDER_PRESET: "", RENDER_CRF: "" };

/** A job as its owner has it. */
export interface OwnJob {
  id: JobId;
  token: string;
  /** "/jobs/kk_…" */
  path: string;
}

interface TabOptions extends BrowserContextOptions {
  /** Whose tokens the browser has. */
  jobs?: OwnJob[];
  /** The language that was chosen in it; else English. */
  language?: string;
}

/** The embedded default with a real worker, videos for it, and a browser. @param env of the API */
export async function startHouse(executablePath: string, env: Record<string, string> = {}) {
  const videos = await serveVideos();
  const embedded = await startEmbedded({
    allowOrigins: [videos.origin],
    env: { JOBS_PER_MINUTE: "1000", MAX_RUNNING_JOBS: "10", ...SMALL_CLIPS, ...env },
  });
  const browser = await openBrowser(executablePath);
  const { url } = embedded;
  /** A typed client that shows this job token. */
  const api = (token?: string) =>
    createTRPCClient<AppRouter>({
      links: [httpBatchLink({ url: `${url}/trpc`, headers: token ? { "x-job-token": token } : {} })],
    });
  let finished: Promise<OwnJob> | undefined;

  const house = {
    url,
    embedded,
    videos,
    browser,
    api,

    /** A job that was just made. @param video what it is made of */
    async makeJob(video: VideoName, more: Partial<CreateJob> = {}): Promise<OwnJob> {
      const { job_id, job_token } = await api().jobs.create.mutate({
        video_url: videos.at(video),
        clip_duration_seconds: 30,
        clip_count: 2,
        language: "en",
        ...more,
      });
      return { id: job_id, token: job_token, path: `/jobs/${job_id}` };
    },

    /** The job once it fits. @throws Error where it ends otherwise */
    async until(job: OwnJob, fits: (view: JobView) => boolean): Promise<JobView> {
      const deadline = Date.now() + CLIPS_MS;
      for (;;) {
        const view = await api(job.token).jobs.view.query({ job_id: job.id });
        if (fits(view)) return view;
        if (["SUCCEEDED", "FAILED", "CANCELLED"].includes(view.state) || Date.now() > deadline)
          throw new Error(`${job.id} is ${view.state}: ${view.error}`);
        await new Promise((wait) => setTimeout(wait, ASK_MS));
      }
    },

    /** The clips of the beginning of the talk: made once, for all who ask. */
    finishedJob(): Promise<OwnJob> {
      finished ??= house.makeJob("short").then(async (job) => {
        await house.until(job, ({ state }) => state === "SUCCEEDED");
        return job;
      });
      return finished;
    },

    /** A browser of its own: nothing in it but what is asked for. It closes with `await using`. */
    async openContext({ jobs = [], language = "en", ...options }: TabOptions = {}): Promise<BrowserContext> {
      const context = await browser.newContext({
        baseURL: url,
        locale: "en-GB",
        acceptDownloads: true,
        storageState: {
          cookies: [],
          origins: [
            {
              origin: url,
              localStorage: jobs.map(({ id, token }) => ({ name: `kk:job_token:${id}`, value: token })),
            },
          ],
        },
        ...options,
      });
      await context.addCookies([{ name: "kk_locale", value: language, url }]);
      context.setDefaultTimeout(ENOUGH.timeout);
      return context;
    },

    async openTab(options?: TabOptions): Promise<Page> {
      return (await house.openContext(options)).newPage();
    },

    async stop() {
      await browser.close();
      await embedded.stop();
      await videos.close();
    },
  };
  return house;
}
export type House = Awaited<ReturnType<typeof startHouse>>;
