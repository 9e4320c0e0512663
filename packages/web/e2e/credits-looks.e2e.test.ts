import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "./browser.ts";
import { ENOUGH, pretend, startCredits, walletIn, walletOf } from "./testing-credits.ts";
import { look } from "./testing-pictures.ts";

const chromium = findChromium(process.env.CHROMIUM);
const FEW = [320, 1440];
const heading = (tab: Page, name: string) => tab.getByRole("heading", { name }).waitFor();
const video = (behaviour: string) => `https://example.com/${behaviour}.mp4`;

describe.skipIf(!chromium)("what credits look like, with a fee for making clips (needs chromium)", () => {
  let house: Awaited<ReturnType<typeof startCredits>>;
  beforeAll(async () => {
    house = await startCredits(chromium ?? "", { GENERATION_FEE: "2" });
  });
  afterAll(() => house?.stop());

  const see = (tab: Page, name: string, widths?: number[]) => look(tab, name, widths);
  const fund = ({ keys: [key] }: ReturnType<typeof walletOf>, usdc: number) =>
    house.localnet.faucet(key?.address ?? "", { sol: 1, usdc });
  const make = async (tab: Page, behaviour: string) => {
    await tab.getByLabel("Video address").fill(video(behaviour));
    await tab.getByRole("button", { name: "Make 2 clips" }).click();
  };
  const pickTestWallet = (tab: Page) => tab.getByRole("button", { name: /^Test wallet/ }).click();

  test("making clips says its fee, takes it from the wallet, and gives it back where no clips come of it", async () => {
    const wallet = walletOf(["fee"]);
    fund(wallet, 5);
    const tab = await house.openTab({ wallet, free: true });
    await tab.goto("/generate-clips");
    await tab.getByText("2 credits (0.20 USDC)").waitFor();
    await see(tab, "fee-signed-out");
    await make(tab, "ok");
    await heading(tab, "Sign in with a Solana wallet");
    await tab.getByRole("button", { name: "Connect a wallet" }).click();
    await tab.getByRole("button", { name: /^Test wallet/ }).waitFor();
    await see(tab, "dialog", FEW);
    await pickTestWallet(tab);
    await tab.getByText("You have 0 credits.").waitFor();
    await see(tab, "fee-short", FEW);

    await tab.getByRole("link", { name: "Top up first" }).click();
    await tab.getByRole("button", { name: "Pay 0.50 USDC" }).click();
    await heading(tab, "5 credits added");
    await tab.getByRole("link", { name: "Back to making clips" }).click();
    await tab.getByText("You have 5 credits.").waitFor();
    expect(await tab.getByLabel("Video address").inputValue()).toBe(video("ok"));
    await make(tab, "ok");
    await tab.waitForURL(/\/jobs\/kk_/);
    const made = new URL(tab.url()).pathname;
    await tab.getByRole("button", { name: "Unlock (1 credit)" }).waitFor();
    await tab.getByText("You have 3 credits.").waitFor();

    await tab.getByRole("link", { name: "Make clips" }).first().click();
    await make(tab, "fails");
    await tab.getByText("Its fee: 2 credits, given back.").waitFor();
    await see(tab, "fee-given-back", FEW);
    await expect.poll(() => tab.getByRole("link", { name: /You have/ }).textContent(), ENOUGH).toMatch(/3/);
    await tab.context().close();

    const elsewhere = await house.openTab({ wallet, free: true }); // has no token of the job
    await elsewhere.goto(made);
    await elsewhere.getByRole("link", { name: "Sign in with it" }).click();
    await elsewhere.getByRole("button", { name: "Connect a wallet" }).click();
    await pickTestWallet(elsewhere);
    await elsewhere.getByRole("link", { name: "Back to the clips" }).click();
    await elsewhere.getByRole("button", { name: "Unlock (1 credit)" }).waitFor();
    await elsewhere.getByRole("link", { name: "Make clips" }).first().click();
    await heading(elsewhere, "Your jobs");
    expect(await elsewhere.locator(`a[href="${made}"]`).count()).toBe(1);
    await elsewhere.context().close();
  });

  test("topping up, in all its states", async () => {
    const wallet = walletOf(["looks"]);
    const tab = await house.openTab({ wallet, free: true });
    await tab.goto("/topup");
    await tab.getByRole("button", { name: "Connect a wallet" }).waitFor();
    await see(tab, "topup-signed-out", FEW);
    await tab.getByRole("button", { name: "Connect a wallet" }).click();
    await tab.getByRole("button", { name: /^Test wallet/ }).waitFor();
    await see(tab, "topup-choices", FEW);
    await walletIn.fallSilent(tab);
    await pickTestWallet(tab);
    await tab.getByText("Waiting for Test wallet").waitFor();
    await see(tab, "topup-connecting", FEW);
    await tab.getByRole("button", { name: "Choose another wallet" }).click();
    await walletIn.fallSilent(tab, false);
    await pickTestWallet(tab);
    await tab.getByText("0 credits").first().waitFor();
    await see(tab, "topup-signed-in");
    await tab.getByRole("button", { name: "Pay 0.50 USDC" }).click();
    await heading(tab, "Your wallet has too little for this");
    await see(tab, "topup-lacking");
    fund(wallet, 3);
    await walletIn.fallSilent(tab);
    await tab.getByRole("button", { name: "Pay 0.50 USDC" }).click();
    await tab.getByText("Waiting for your wallet").waitFor();
    await see(tab, "topup-signing", FEW);
    await tab.getByRole("button", { name: "Stop waiting" }).click();
    await walletIn.fallSilent(tab, false);
    await walletIn.refuse(tab, "payment");
    await tab.getByRole("button", { name: "Pay 0.50 USDC" }).click();
    await heading(tab, "The top-up did not happen");
    await see(tab, "topup-refused", FEW);
    await walletIn.refuse(tab, undefined);
    house.localnet.faults.stopTime(); // what is sent waits
    await tab.getByRole("button", { name: "Pay 0.50 USDC" }).click();
    await heading(tab, "Your payment is on its way");
    await see(tab, "topup-pending", FEW);
    house.localnet.faults.startTime();
    await heading(tab, "5 credits added");
    await see(tab, "topup-confirmed");
    await tab.goto("/pricing");
    await heading(tab, "What it costs here");
    await see(tab, "pricing-on");
    await tab.context().close();

    const paused = await house.openTab({ wallet, free: true });
    await pretend(paused, { paused: true });
    await paused.goto("/topup");
    await paused.getByText("Top-ups are paused").waitFor();
    await paused.getByRole("button", { name: "Connect a wallet" }).click();
    await pickTestWallet(paused);
    await paused.getByText("5 credits").first().waitFor();
    expect(await paused.getByLabel("Credits to buy").count()).toBe(0);
    await see(paused, "topup-paused", FEW);
    await paused.context().close();

    const none = await house.openTab({ free: true });
    await none.goto("/topup");
    await none.getByRole("button", { name: "Connect a wallet" }).click();
    await none.getByText("There is no Solana wallet in this browser.").waitFor();
    await see(none, "topup-no-wallet", FEW);
    await none.context().close();
  });

  test("from right to left, with amounts that still read from left to right", async () => {
    const tab = await house.openTab({ wallet: walletOf(["right to left"]), free: true, language: "ar" });
    await tab.goto("/topup");
    await tab.locator("main button.button-main").click();
    await pickTestWallet(tab);
    await tab.getByText("لا رصيد").first().waitFor();
    await see(tab, "topup-signed-in-ar", FEW);
    await tab.locator("form button[type=submit]", { hasText: "0.50 USDC" }).click();
    await tab.getByRole("alert").waitFor();
    await see(tab, "topup-lacking-ar", FEW);
    await tab.goto("/pricing");
    await tab.locator("table").waitFor();
    await see(tab, "pricing-on-ar", FEW);
    await tab.context().close();
  });

  test("a locked clip, by keyboard alone", async () => {
    const wallet = walletOf(["keyboard"]);
    fund(wallet, 5);
    const tab = await house.openTab({ wallet, free: true });
    const focused = () =>
      tab.evaluate(() =>
        document.activeElement === document.body ? "" : document.activeElement?.textContent,
      );
    await tab.goto("/topup");
    await tab.getByRole("button", { name: "Connect a wallet" }).focus();
    await tab.keyboard.press("Enter");
    await tab.getByRole("button", { name: /^Test wallet/ }).focus();
    await tab.keyboard.press("Enter");
    await expect.poll(focused, ENOUGH).toContain("0 credits");
    await tab.getByLabel("Credits to buy").fill("3");
    await tab.keyboard.press("Enter");
    await heading(tab, "3 credits added");
    await expect.poll(focused, ENOUGH).toContain("3 credits added");
    await tab.getByRole("link", { name: "Make clips" }).first().click();
    await make(tab, "ok");
    await tab.waitForURL(/\/jobs\/kk_/);
    const unlock = tab.getByRole("button", { name: "Unlock (1 credit)" });
    await unlock.waitFor();
    await tab.getByText("You have 1 credit.").waitFor();
    await see(tab, "clip-locked");
    await unlock.focus();
    await tab.keyboard.press("Enter");
    await tab.getByRole("button", { name: /Download MP4/ }).waitFor();
    await expect.poll(focused, ENOUGH).toMatch(/^Download MP4/);
    await see(tab, "clip-unlocked", FEW);

    await tab.reload(); // the session is gone with the page
    await tab.getByRole("button", { name: /Download MP4/ }).waitFor(); // an unlocked clip stays unlocked
    await tab.context().close();
  });

  test("the dialog keeps the focus, and gives it back, also where everything comes late", async () => {
    const tab = await house.openTab({ free: true });
    await tab.route(/\/chunks\/.*\.js$|\/trpc\//, async (route) => {
      await new Promise((wait) => setTimeout(wait, 500));
      await route.continue();
    });
    await tab.goto("/generate-clips", { waitUntil: "commit" });
    await make(tab, "ok");
    const dialog = tab.getByRole("dialog");
    await dialog.waitFor();
    const inside = () => dialog.evaluate((element) => element.contains(document.activeElement));
    for (let presses = 0; presses < 6; presses++) {
      await expect.poll(inside, ENOUGH).toBe(true); // from its last button to its first one it takes a moment
      await tab.keyboard.press("Tab");
    }
    await expect.poll(inside, ENOUGH).toBe(true);
    await tab.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await expect
      .poll(() => tab.evaluate(() => document.activeElement?.textContent), ENOUGH)
      .toBe("Make 2 clips");
    await tab.context().close();
  });
});
