import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findChromium } from "./browser.ts";
import { CLIPS_MS, FULL_CLIPS, type House, type OwnJob, startHouse } from "./testing-house.ts";

const chromium = findChromium(process.env.CHROMIUM);
/** The machine does other things as well: the best of so many runs counts. */
const RUNS = 10;
const GOALS = { performance: 95, accessibility: 100, "best-practices": 95, seo: 100 };
const JS_BYTES = 170_000;
/** Chromium now and then loses the beginning of a trace: such a run tells nothing of the page. Any other error is one. */
const LOST_TRACE = /\(NO_NAVSTART\)/;
type Category = keyof typeof GOALS;

vi.setConfig({ testTimeout: CLIPS_MS });

describe.skipIf(!chromium)("what Lighthouse says, as a desktop (needs chromium)", () => {
  let house: House;
  let job: OwnJob;
  let folder: string;
  let chrome: Awaited<ReturnType<typeof launch>>;
  beforeAll(async () => {
    house = await startHouse(chromium ?? "", FULL_CLIPS);
    job = await house.finishedJob();
    folder = await mkdtemp(join(tmpdir(), "kk-lighthouse-"));
    chrome = await launch({
      chromePath: chromium ?? "",
      userDataDir: folder,
      chromeFlags: [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--lang=en",
      ],
    });
  }, CLIPS_MS);
  afterAll(async () => {
    chrome?.kill();
    await house?.stop();
    if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  async function measure(path: string) {
    const result = await lighthouse(
      `${house.url}${path}`,
      { port: chrome.port, output: "json", logLevel: "error", onlyCategories: Object.keys(GOALS) },
      desktopConfig,
    );
    const lhr = result?.lhr;
    if (!lhr || lhr.runtimeError) throw new Error(lhr?.runtimeError?.message ?? "Lighthouse gave no result");
    const scores = Object.fromEntries(
      Object.keys(GOALS).map((name) => [name, Math.round((lhr.categories[name]?.score ?? 0) * 100)]),
    ) as Record<Category, number>;
    /** Audits that a category lost points by. */
    const failed = (name: Category) =>
      (lhr.categories[name]?.auditRefs ?? [])
        .filter(({ id, weight }) => weight > 0 && (lhr.audits[id]?.score ?? 1) < 0.9)
        .map(({ id }) => id);
    const { items: requests } = (lhr.audits["network-requests"]?.details ?? { items: [] }) as {
      items: Request[];
    };
    return { scores, failed, requests };
  }
  interface Request {
    resourceType: string;
    transferSize: number;
    url: string;
  }

  /** The best of some runs, and what the categories below their goals lost by. */
  async function best(path: string, goals: Partial<typeof GOALS>) {
    const below = ({ scores }: Awaited<ReturnType<typeof measure>>) =>
      (Object.keys(goals) as Category[]).filter((name) => scores[name] < (goals[name] ?? 0));
    let top: Awaited<ReturnType<typeof measure>> | undefined;
    let lost: unknown;
    for (let run = 0; run < RUNS && (!top || below(top).length > 0); run++) {
      const next = await measure(path).catch((error: unknown) => {
        if (!LOST_TRACE.test(`${error}`)) throw error;
        console.log(`Lighthouse ${path.replace(/#.*/, "")}: a run without a result: ${error}`);
        lost = error;
      });
      const isBetter =
        next &&
        (!top || below(next).length < below(top).length || next.scores.performance > top.scores.performance);
      if (isBetter) top = next;
    }
    if (!top) throw lost;
    console.log(`Lighthouse ${path.replace(/#.*/, "")}: ${JSON.stringify(top.scores)}`);
    return { ...top, wanting: below(top).map((name) => [name, top.scores[name], top.failed(name)]) };
  }

  test("the first page: 95, 100, 95 and 100 or more, with at most 170 kB of JavaScript as it travels", async () => {
    const { wanting, requests } = await best("/", GOALS);
    expect(wanting).toEqual([]);
    const scripts = requests.filter(({ resourceType }) => resourceType === "Script");
    const bytes = scripts.reduce((sum, { transferSize }) => sum + transferSize, 0);
    console.log(`JavaScript of /: ${(bytes / 1000).toFixed(1)} kB in ${scripts.length} files`);
    expect(scripts.length).toBeGreaterThan(3);
    expect(bytes).toBeLessThanOrEqual(JS_BYTES);
  });

  test("the page where clips are made: 95, 100, 95 and 100 or more", async () => {
    const { wanting } = await best("/generate-clips", GOALS);
    expect(wanting).toEqual([]);
  });

  test("a finished job: 95, 100 and 95 or more; nothing for search engines, as a job is nobody else's business", async () => {
    const { wanting, failed } = await best(`${job.path}#token=${job.token}`, { ...GOALS, seo: 0 });
    expect(wanting).toEqual([]);
    expect(failed("seo")).toEqual(["is-crawlable"]);
  });
});
