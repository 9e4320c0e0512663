import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { CreditsInfo, JobId } from "@kangklip/contract";
import { startLocalnet } from "@kangklip/localnet";
import { call, testWallet } from "@kangklip/localnet/testing";
import type { Browser, Page } from "playwright-core";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { ensureWebBuild } from "../../../tooling/web-build.ts";
import { openBrowser } from "./browser.ts";
import { freePort, startPage } from "./testing-page.ts";
import { addTestWallet, type TestWallet, type TestWalletHandle } from "./testing-wallet.ts";

/** What the tests' worker uploads as a clip. */
export const CLIP_BYTES = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 256));
export const ENOUGH = { timeout: 120_000 };

/** A chain, an API with credits, the page and a browser. @param env of the API, over what credits need */
export async function startCredits(executablePath: string, env: Record<string, string> = {}) {
  await ensureWebBuild({ log: console.error, signal: new AbortController().signal });
  const localnet = await startLocalnet();
  const port = await freePort();
  const api = await startTestApi({
    env: { ...localnet.settings, WEB_ORIGIN: `http://127.0.0.1:${port}`, ...env },
  });
  const page = await startPage(api.url, {}, port);
  const browser = await openBrowser(executablePath);
  const dir = await mkdtemp(join(tmpdir(), "kk-credits-"));
  const video = join(dir, "clip.mp4");
  await paintClip(video);

  return {
    url: page.url,
    localnet,
    api,
    browser,
    /** A tab of a new visitor. @param options `wallet`: in the browser from the start; `free`: without the content policy, which axe needs */
    openTab: (options: TabOptions = {}) =>
      openTab({ browser, url: page.url, rpc: localnet.url, video }, options),

    /** A finished job of one clip; the address opens it as its owner. */
    async makeJob(): Promise<{ id: JobId; path: string }> {
      const { job_id, job_token } = await api.trpc().jobs.create.mutate({
        video_url: "https://example.com/ok.mp4",
        clip_duration_seconds: 30,
        clip_count: 1,
      });
      const { status, error } = await api.until(job_id, undefined, ENOUGH.timeout);
      if (status !== "SUCCEEDED") throw new Error(`The job ended ${status}: ${error}`);
      return { id: job_id, path: `/jobs/${job_id}#token=${job_token}` };
    },

    async stop() {
      await browser.close();
      await page.stop();
      await api[Symbol.asyncDispose]();
      await localnet.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface TabOptions {
  wallet?: TestWallet;
  free?: boolean;
  /** The language that was chosen in it; else English. */
  language?: string;
}

async function openTab(
  { browser, url, rpc, video }: { browser: Browser; url: string; rpc: string; video: string },
  { wallet, free = false, language = "en" }: TabOptions,
): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, bypassCSP: free, acceptDownloads: true });
  context.setDefaultTimeout(ENOUGH.timeout);
  await context.addCookies([{ name: "kk_locale", value: language, url }]);
  // the tests' worker uploads bytes that are no video: what is watched is one, what is saved is not touched
  await context.route(/\/artifacts\/.*\.(mp4|jpg)/, async (route) => {
    const asked = route.request();
    if (asked.resourceType() === "media") await route.fulfill(await videoPart(video, asked.headers().range));
    else if (asked.resourceType() === "image") await route.fulfill({ path: `${video}.jpg` });
    else await route.continue();
  });
  const tab = await context.newPage();
  if (wallet) await addTestWallet(tab, wallet, (transaction) => sendTo(rpc, transaction));
  return tab;
}

/** A video as servers send it: in parts, or a browser could not seek in it. */
async function videoPart(file: string, range = "bytes=0-") {
  const bytes = await readFile(file);
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  const end = Math.min(bytes.length, to === "" ? bytes.length : Number(to) + 1);
  return {
    status: 206,
    headers: {
      "content-type": "video/mp4",
      "accept-ranges": "bytes",
      "content-range": `bytes ${from}-${end - 1}/${bytes.length}`,
    },
    body: bytes.subarray(Number(from), end),
  };
}

/** Sends bytes (base64) as a wallet's own process does; gives the signature in base64. */
async function sendTo(rpc: string, transaction: string): Promise<string> {
  const answer = await call(rpc, "sendTransaction", transaction, { encoding: "base64", skipPreflight: true });
  if (!(answer as { result?: string }).result) throw new Error(JSON.stringify(answer));
  return Buffer.from(transaction, "base64").subarray(1, 65).toString("base64");
}

// what tests do on the page again and again
export const connect = (tab: Page) => tab.getByRole("button", { name: "Connect a wallet" }).click();
export const pickTestWallet = (tab: Page) => tab.getByRole("button", { name: /^Test wallet/ }).click();
export const pay = (tab: Page) => tab.getByRole("button", { name: /^Pay / }).click();
export const balance = (tab: Page) => tab.getByLabel("Your credits").getByRole("status").first();
export async function pickDemoWallet(tab: Page): Promise<void> {
  await connect(tab);
  await tab.getByRole("button", { name: "Demo wallet (localnet only)" }).click();
}

/** A wallet of a test, as its extension would be. The same seeds give the same keys. */
export function walletOf(seeds: string[], more: Partial<TestWallet> = {}): TestWallet {
  return {
    name: "Test wallet",
    chains: ["solana:mainnet", "solana:devnet", "solana:localnet"],
    pays: "signs",
    signsIn: true,
    keys: seeds.map((seed) => {
      const { publicKey, secretKey } = testWallet(seed);
      return { address: publicKey.toBase58(), seed: [...secretKey.subarray(0, 32)] };
    }),
    ...more,
  };
}

/** What the tab's wallet does from now on, and what it was asked. */
export const walletIn = {
  refuse: (tab: Page, refuses: TestWalletHandle["refuses"]) =>
    tab.evaluate((what) => {
      (window as unknown as { testWallet: TestWalletHandle }).testWallet.refuses = what;
    }, refuses),
  fallSilent: (tab: Page, silent = true) =>
    tab.evaluate((is) => {
      (window as unknown as { testWallet: TestWalletHandle }).testWallet.silent = is;
    }, silent),
  switchTo: (tab: Page, index: number) =>
    tab.evaluate(
      (at) => (window as unknown as { testWallet: TestWalletHandle }).testWallet.switchTo(at),
      index,
    ),
  asked: (tab: Page) =>
    tab.evaluate(() => (window as unknown as { testWallet: TestWalletHandle }).testWallet.asked),
};

/** Has the API say something else of its credits to this tab: a pause, another chain. */
export async function pretend(tab: Page, other: Partial<CreditsOn>): Promise<void> {
  await tab.route(/\/trpc\/[^?]*credits\.info/, async (route) => {
    const answer = await route.fetch();
    const changed = JSON.parse(await answer.text(), (_key, value) =>
      value?.enabled === true ? { ...value, ...other } : value,
    );
    await route.fulfill({ response: answer, json: changed });
  });
}
type CreditsOn = Extract<CreditsInfo, { enabled: true }>;

/** What the page complains about in the console, and every other host it turned to; a list that grows. */
export function complaints(tab: Page, url: string): string[] {
  const heard: string[] = [];
  tab.on("console", (message) => message.type() === "error" && heard.push(message.text()));
  tab.on("pageerror", (error) => heard.push(error.message));
  tab.on("request", (request) => {
    const asked = new URL(request.url());
    if (/^https?:$/.test(asked.protocol) && asked.origin !== url) heard.push(`asked ${asked.origin}`);
  });
  return heard;
}

/** Two seconds of an upright picture, and a still of it. */
async function paintClip(file: string): Promise<void> {
  const ffmpeg = promisify(execFile);
  const source = "gradients=s=540x960:c0=0x2b3f96:c1=0xf5b921:x0=0:y0=0:x1=540:y1=960:d=2:r=10:seed=1";
  const common = ["-v", "error", "-y", "-f", "lavfi", "-i", source];
  await ffmpeg("ffmpeg", [...common, "-pix_fmt", "yuv420p", "-movflags", "+faststart", file]);
  await ffmpeg("ffmpeg", [...common, "-frames:v", "1", "-update", "1", `${file}.jpg`]);
}
