import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "./browser.ts";
import {
  balance,
  CLIP_BYTES,
  complaints,
  connect,
  ENOUGH,
  pay,
  pickDemoWallet,
  pickTestWallet,
  startCredits,
  walletOf,
} from "./testing-credits.ts";

const chromium = findChromium(process.env.CHROMIUM);

describe.skipIf(!chromium)("credits in a browser (needs chromium)", () => {
  let house: Awaited<ReturnType<typeof startCredits>>;
  beforeAll(async () => {
    house = await startCredits(chromium ?? "");
  });
  afterAll(() => house?.stop());

  test("from a locked clip to its bytes with the demo wallet: sign in, test money, top up, unlock, download", async () => {
    const { path } = await house.makeJob();
    const tab = await house.openTab();
    const heard = complaints(tab, house.url);
    await tab.goto(path);
    await tab.getByText("Preview", { exact: true }).waitFor();
    expect(await tab.getByRole("button", { name: /Download MP4/ }).count()).toBe(0);
    await tab.getByRole("button", { name: "Unlock (1 credit)" }).click();
    const dialog = tab.getByRole("dialog");
    await dialog.getByText("Nothing is taken yet").waitFor();
    await pickDemoWallet(tab);
    await dialog.waitFor({ state: "detached" });

    await tab.getByText("Unlocking takes 1 credit; you have 0 credits.").waitFor();
    await expect
      .poll(() => tab.evaluate(() => document.activeElement?.textContent), ENOUGH)
      .toBe("Top up to unlock clip 1");
    await tab.getByRole("link", { name: "Top up to unlock" }).click();
    await tab.waitForURL(/\/topup/);
    await expect.poll(() => balance(tab).textContent(), ENOUGH).toBe("0 credits");
    await pay(tab);
    await tab.getByText("Your wallet has too little for this").waitFor();
    await tab.getByRole("button", { name: "Get test money" }).click();
    await tab.getByText(/^This wallet was given/).waitFor();
    await tab.getByRole("button", { name: "Pay 0.50 USDC" }).click();
    await tab.getByRole("heading", { name: "5 credits added" }).waitFor();
    await expect.poll(() => balance(tab).textContent(), ENOUGH).toBe("5 credits");

    await tab.getByRole("link", { name: "Back to the clips" }).click();
    await tab.getByText("You have 5 credits.").waitFor();
    const player = tab.locator("video");
    const seconds = () => player.evaluate((video: HTMLVideoElement) => video.currentTime);
    await expect
      .poll(() => player.evaluate((video: HTMLVideoElement) => video.readyState), ENOUGH)
      .toBeGreaterThan(1);
    await player.evaluate((video: HTMLVideoElement) => {
      video.currentTime = 1;
    });
    await expect.poll(seconds, ENOUGH).toBe(1);
    await tab.getByRole("button", { name: "Unlock (1 credit)" }).click();
    await tab.getByRole("button", { name: /Download MP4/ }).waitFor();
    await tab.getByText("Preview", { exact: true }).waitFor({ state: "detached" });
    expect(await player.getAttribute("src")).toMatch(/\/clip_01\.mp4/);
    await expect.poll(seconds, ENOUGH).toBe(1); // the whole clip goes on where the preview was
    await expect.poll(() => tab.getByRole("link", { name: /You have/ }).textContent(), ENOUGH).toMatch(/4/);
    const [saved] = await Promise.all([
      tab.waitForEvent("download"),
      tab.getByRole("button", { name: /Download MP4/ }).click(),
    ]);
    expect(await readFile(await saved.path())).toEqual(CLIP_BYTES);
    expect(heard).toEqual([]);
    await tab.context().close();
  });

  test("a job that was made without a wallet is kept with one, and opens elsewhere", async () => {
    const { path } = await house.makeJob();
    const wallet = walletOf(["keeps"]);
    const tab = await house.openTab({ wallet });
    await tab.goto(path);
    await tab.getByRole("button", { name: "Unlock (1 credit)" }).click();
    await connect(tab);
    await pickTestWallet(tab);
    await tab.getByRole("button", { name: "Keep it with my wallet" }).click();
    await tab.getByRole("button", { name: "Keep it with my wallet" }).waitFor({ state: "detached" });
    await tab.context().close();
    const elsewhere = await house.openTab({ wallet });
    await elsewhere.goto("/topup");
    await connect(elsewhere);
    await pickTestWallet(elsewhere);
    await balance(elsewhere).waitFor();
    await elsewhere.getByRole("link", { name: "Make clips" }).first().click();
    await elsewhere.getByRole("link", { name: /A talk/ }).click();
    await elsewhere.locator("video").waitFor();
    await elsewhere.context().close();
  });

  test("a payment that is under way is found again after a reload, by itself", async () => {
    const tab = await house.openTab();
    await tab.goto("/topup");
    await pickDemoWallet(tab);
    await tab.getByRole("button", { name: "Get test money" }).click();
    await tab.getByText(/^This wallet was given/).waitFor();
    house.localnet.faults.stopTime(); // what is sent waits
    await pay(tab);
    await tab.getByRole("heading", { name: "Your payment is on its way" }).waitFor();
    await tab.reload();
    await tab.getByRole("heading", { name: "Your payment is on its way" }).waitFor(); // the demo wallet signs in by itself
    house.localnet.faults.startTime();
    await tab.getByRole("heading", { name: "5 credits added" }).waitFor();
    await tab.reload();
    await expect.poll(() => balance(tab).textContent(), ENOUGH).toBe("5 credits");
    await tab.getByLabel("Credits to buy").waitFor();
    await tab.context().close();
  });

  test("a payment that never landed is told as one, and the next one is another", async () => {
    const tab = await house.openTab();
    await tab.goto("/topup");
    await pickDemoWallet(tab);
    await tab.getByRole("button", { name: "Get test money" }).click();
    await tab.getByText(/^This wallet was given/).waitFor();
    house.localnet.faults.loseNext(1000);
    await pay(tab);
    await tab.getByRole("heading", { name: "Your payment is on its way" }).waitFor();
    house.localnet.warp(400); // further than its blockhash is good for
    await tab.getByText("TRANSACTION_EXPIRED").waitFor();
    house.localnet.faults.clear();
    await pay(tab);
    await tab.getByRole("heading", { name: "5 credits added" }).waitFor();
    await expect.poll(() => balance(tab).textContent(), ENOUGH).toBe("5 credits");
    await tab.context().close();
  });

  test("two tabs that unlock one clip pay once", async () => {
    const { path } = await house.makeJob();
    const wallet = walletOf(["two tabs"]);
    house.localnet.faucet(wallet.keys[0]?.address ?? "", { sol: 1, usdc: 3 });
    const tab = await house.openTab({ wallet });
    await tab.goto("/topup");
    await connect(tab);
    await pickTestWallet(tab);
    await pay(tab);
    await tab.getByRole("heading", { name: "5 credits added" }).waitFor();
    const other = await house.openTab({ wallet });
    for (const one of [tab, other]) {
      await one.goto(path);
      await one.getByRole("button", { name: "Unlock (1 credit)" }).click();
      await one.getByRole("dialog").waitFor();
      const open = one.getByRole("button", { name: "Connect a wallet" });
      if (await open.isVisible()) await open.click();
      await pickTestWallet(one);
      await one.getByText("You have 5 credits.").waitFor();
    }
    house.localnet.faults.delayNext("sendTransaction", 4000);
    await tab.getByRole("button", { name: "Unlock (1 credit)" }).click();
    await other.getByRole("button", { name: "Unlock (1 credit)" }).click();
    for (const one of [tab, other]) {
      await one.getByRole("button", { name: /Download MP4/ }).waitFor();
      await one.goto("/topup");
      const choice = one.getByRole("button", { name: /^Test wallet/ });
      await choice.click();
      await expect.poll(() => balance(one).textContent(), ENOUGH).toBe("4 credits");
      await one.context().close();
    }
  });
});
