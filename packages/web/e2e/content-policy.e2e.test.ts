import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmbedded } from "../../../tooling/embedded.ts";
import { findChromium, openBrowser, PAGES } from "./browser.ts";
import { startPage } from "./testing-page.ts";

const chromium = findChromium(process.env.CHROMIUM);
const PATHS = [...PAGES, "/jobs/kk_01JD0000000000000000000000"];
const POLICY = /script-src 'nonce-([A-Za-z0-9+/=]{24})' 'strict-dynamic' 'self'/;

describe.skipIf(!chromium)("the content security policy in a browser (needs chromium)", () => {
  let house: Awaited<ReturnType<typeof startEmbedded>>;
  let page: Awaited<ReturnType<typeof startPage>>;
  let browser: Browser;
  const hosts: Record<string, () => string> = {
    "on the API's port": () => house.url,
    "as a process of its own": () => page.url,
  };

  beforeAll(async () => {
    house = await startEmbedded();
    page = await startPage(house.url, { R2_ENDPOINT: "https://bucket.example/" });
    browser = await openBrowser(chromium ?? "");
  });
  afterAll(async () => {
    await browser?.close();
    await page?.stop();
    await house?.stop();
  });

  describe.each(Object.keys(hosts))("%s", (where) => {
    const host = () => hosts[where]?.() ?? "";

    test("every page runs without a violation, and answers each time with another nonce", async () => {
      await using context = await browser.newContext({ baseURL: host() });
      const tab = await context.newPage();
      const refused = violations(tab);
      const nonces: string[] = [];
      for (const path of PATHS) {
        const answer = await tab.goto(path, { waitUntil: "networkidle" });
        const policy = (await answer?.headerValue("content-security-policy")) ?? "";
        expect(policy, path).toMatch(POLICY);
        expect(policy.match(/script-src/g), path).toHaveLength(1); // one policy, not two
        expect(policy, path).not.toMatch(/script-src[^;]*unsafe/);
        nonces.push(POLICY.exec(policy)?.[1] ?? "");
        await expect.poll(() => hydrated(tab), { message: path, timeout: 10_000 }).toBe(true); // a busy browser takes a moment
      }
      expect(new Set(nonces).size).toBe(PATHS.length);
      expect(refused).toEqual([]);
    });

    test("links lead from page to page, and the form asks the API", async () => {
      await using context = await browser.newContext({ baseURL: host() });
      const tab = await context.newPage();
      const refused = violations(tab);
      await tab.goto("/", { waitUntil: "networkidle" });
      await tab.getByLabel("Address of the video").fill("http://10.1.2.3/talk.mp4");
      await tab.getByRole("button", { name: "Make clips" }).click();
      await tab.waitForURL(/\/generate-clips/);
      await tab.getByRole("button", { name: /^Make \d clips$/ }).click();
      await tab.getByText("10.1.2.3 is not a public address").waitFor();
      await tab.getByRole("link", { name: "Pricing" }).first().click();
      await tab.waitForURL(/\/pricing/);
      expect(refused).toEqual([]);
    });

    test("what is written into a page does not run", async () => {
      await using context = await browser.newContext({ baseURL: host() });
      const tab = await context.newPage();
      const refused = violations(tab);
      await tab.route("**/about", async (route) => {
        const answer = await route.fetch();
        const body = (await answer.text()).replace(
          "</body>",
          `<script>window.inline = 1</script><script src="data:text/javascript,window.other=1"></script>
           <img src="x:" onerror="window.attribute = 1"><a href="javascript:window.link=1" id="pressed">x</a>
           <iframe srcdoc="<script>parent.frame = 1</script>"></iframe></body>`,
        );
        await route.fulfill({ response: answer, body });
      });
      await tab.goto("/about", { waitUntil: "networkidle" });
      const ran = await tab.evaluate(async () => {
        document.querySelector<HTMLElement>("#pressed")?.click();
        await new Promise((wait) => setTimeout(wait, 500));
        return ["inline", "other", "attribute", "link", "frame"].filter((name) => name in window);
      });
      expect(ran).toEqual([]);
      expect(refused.length).toBeGreaterThanOrEqual(3); // it was the policy that kept them from it
    });

    test("a page takes no request but to be read, and a file of 12 MB still reaches the API whole", async () => {
      for (const method of ["POST", "PUT", "DELETE"])
        expect((await fetch(`${host()}/about`, { method, body: "x" })).status, method).toBe(405);
      const bytes = new Uint8Array(12 * 1024 * 1024);
      const made = await fetch(`${host()}/api/uploads`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ filename: "talk.mp4", size_bytes: bytes.length }),
      });
      const { put_url } = (await made.json()) as { put_url: string };
      const put = await fetch(new URL(put_url, host()), { method: "PUT", body: bytes });
      expect([put.status, await put.json()]).toMatchObject([200, { size_bytes: bytes.length }]);
    });
  });

  test("files may be sent to the bucket where there is one", async () => {
    const connect = async (url: string) =>
      /connect-src ([^;]*)/.exec((await fetch(url)).headers.get("content-security-policy") ?? "")?.[1];
    expect(await connect(page.url)).toBe("'self' https://bucket.example");
    expect(await connect(house.url)).toBe("'self'");
  });

  test("the API's own answers may load nothing, and its pages to browse it run without a violation", async () => {
    const policyOf = async (path: string) =>
      (await fetch(`${house.url}${path}`)).headers.get("content-security-policy");
    for (const path of ["/livez", "/api/system", "/api/openapi.json", "/api/nothing", "/trpc/system.info"])
      expect(await policyOf(path), path).toBe("default-src 'none';frame-ancestors 'none'");
    await using context = await browser.newContext({ baseURL: house.url });
    const tab = await context.newPage();
    const refused = violations(tab);
    await tab.goto("/api/docs/", { waitUntil: "networkidle" });
    await tab.getByText("Make clips from a video").waitFor();
    await tab.getByText("Make clips from a video").click();
    await tab.getByRole("button", { name: "Try it out" }).waitFor();
    expect(await policyOf("/api/docs/")).not.toMatch(/script-src[^;]*unsafe/);
    expect(refused).toEqual([]);
  });

  test("no page and no script that is served holds a secret of the installation", async () => {
    const seen = new Set<string>();
    for (const path of PATHS) {
      const html = await (await fetch(`${house.url}${path}`)).text();
      seen.add(html);
      for (const [, script] of html.matchAll(/src="(\/_next\/static\/[^"]+)"/g))
        seen.add(await (await fetch(`${house.url}${script}`)).text());
    }
    const all = [...seen].join("\n");
    expect(all).toContain("Make clips");
    expect(all).not.toMatch(/kkj_[\w-]{20}|kka_kk-|kkc_[\w-]{20}|LLM_API_KEY|R2_SECRET/);
  });
});

/** What the browser refused for the policy's sake, or could not run; a list that grows. */
function violations(page: Page): string[] {
  const found: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) found.push(message.text());
  });
  page.on("pageerror", (error) => found.push(error.message));
  return found;
}

/** Whether React has taken the page over: its scripts ran. */
const hydrated = (page: Page) =>
  page.evaluate(() => {
    const [link] = document.querySelectorAll("header a");
    return link !== undefined && Object.keys(link).some((key) => key.startsWith("__react"));
  });
