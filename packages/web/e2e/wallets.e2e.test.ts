import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium, PAGES } from "./browser.ts";
import {
  balance,
  complaints,
  connect,
  ENOUGH,
  pay,
  pickTestWallet,
  pretend,
  startCredits,
  walletIn,
  walletOf,
} from "./testing-credits.ts";

const chromium = findChromium(process.env.CHROMIUM);

describe.skipIf(!chromium)("wallets in a browser (needs chromium)", () => {
  let house: Awaited<ReturnType<typeof startCredits>>;
  beforeAll(async () => {
    house = await startCredits(chromium ?? "");
  });
  afterAll(() => house?.stop());

  test("what a person refuses in the wallet is told at each step, and nothing is lost by it", async () => {
    const wallet = walletOf(["refuses"], { refuses: "connect" });
    house.localnet.faucet(wallet.keys[0]?.address ?? "", { sol: 1, usdc: 3 });
    const tab = await house.openTab({ wallet });
    await tab.goto("/topup");
    await connect(tab);
    const no = tab.getByRole("alert").filter({ hasText: "You said no in Test wallet" });
    await pickTestWallet(tab);
    await no.waitFor();
    await walletIn.refuse(tab, "sign-in");
    await pickTestWallet(tab);
    await no.waitFor();
    await walletIn.refuse(tab, "payment");
    await pickTestWallet(tab);
    await expect.poll(() => balance(tab).textContent(), ENOUGH).toBe("0 credits");
    await pay(tab);
    await tab.getByText("The top-up did not happen").waitFor();
    await no.waitFor();
    await walletIn.refuse(tab, undefined);
    await pay(tab);
    await tab.getByRole("heading", { name: "5 credits added" }).waitFor();
    expect(await walletIn.asked(tab)).toEqual([
      "connect",
      "connect",
      "sign-in",
      "connect",
      "sign-in",
      "payment",
      "payment",
    ]);
    await tab.context().close();
  });

  test("a wallet on another network is told so, before and after it is asked", async () => {
    const elsewhere = await house.openTab({ wallet: walletOf(["a"], { chains: ["solana:mainnet"] }) });
    await elsewhere.goto("/topup");
    await connect(elsewhere);
    const choice = elsewhere.getByRole("button", { name: /^Test wallet/ });
    await choice.waitFor();
    expect(await choice.isDisabled()).toBe(true);
    expect(await choice.textContent()).toContain("Does not know a localnet");
    await elsewhere.context().close();

    const account = walletOf(["a"], { accountChains: ["solana:devnet"] });
    const tab = await house.openTab({ wallet: account });
    await tab.goto("/topup");
    await connect(tab);
    await pickTestWallet(tab);
    await tab.getByText("Test wallet is on another network").waitFor();
    await tab.context().close();
  });

  test("without a wallet the page says where to get one, and asks nobody", async () => {
    const tab = await house.openTab();
    const heard = complaints(tab, house.url);
    await tab.goto("/topup");
    await connect(tab);
    await tab.getByText("There is no Solana wallet in this browser.").waitFor();
    const links = await tab
      .getByRole("link", { name: /Phantom|Solflare|Backpack/ })
      .evaluateAll((all) => all.map((link) => [link.getAttribute("href"), link.getAttribute("rel")]));
    expect(links.map(([href]) => new URL(href ?? "").hostname)).toEqual([
      "phantom.com",
      "solflare.com",
      "backpack.app",
    ]);
    expect(links.every(([, rel]) => rel === "noreferrer")).toBe(true);
    expect(heard).toEqual([]);
    await tab.context().close();
  });

  test("the code of wallets comes when a wallet is opened, and not before", async () => {
    const tab = await house.openTab();
    const scripts: Promise<string>[] = [];
    tab.on("response", (response) => {
      if (response.request().resourceType() === "script") scripts.push(response.text().catch(() => ""));
    });
    const withWallets = async () =>
      (await Promise.all(scripts)).filter((text) => text.includes("wallet-standard:app-ready")).length;
    const { path: job } = await house.makeJob();
    for (const path of [...PAGES, job, `${job.split("#")[0]}/edit/1`, "/topup"]) {
      await tab.goto(path, { waitUntil: "networkidle" });
      expect(await withWallets(), path).toBe(0);
    }
    expect(scripts.length).toBeGreaterThan(10);
    await connect(tab);
    await expect.poll(withWallets, ENOUGH).toBe(1);
    await tab.context().close();
  });

  test("switching the account ends the session, and the next one has its own credits", async () => {
    const wallet = walletOf(["switches 1", "switches 2"]);
    house.localnet.faucet(wallet.keys[0]?.address ?? "", { sol: 1, usdc: 3 });
    const tab = await house.openTab({ wallet });
    await tab.goto("/topup");
    await connect(tab);
    await pickTestWallet(tab);
    await pay(tab);
    await expect.poll(() => balance(tab).textContent(), ENOUGH).toBe("5 credits");
    const [token] = await Promise.all([
      tab.waitForRequest((request) => "x-auth-token" in request.headers()),
      tab.getByRole("button", { name: "Ask for the balance again" }).click(),
    ]);
    expect(token.headers()["x-auth-token"]).toBeTruthy();
    await walletIn.switchTo(tab, 1);
    await tab.getByRole("heading", { name: "Sign in with a Solana wallet" }).waitFor();
    expect(JSON.stringify(await tab.context().storageState())).not.toContain(
      token.headers()["x-auth-token"] ?? "nothing",
    );
    await pickTestWallet(tab);
    await expect.poll(() => balance(tab).textContent(), ENOUGH).toBe("0 credits");
    await tab.getByRole("button", { name: "Disconnect" }).click();
    await connect(tab);
    await tab.context().close();
  });

  test("a session that the API has ended is over in the page too", async () => {
    const tab = await house.openTab({ wallet: walletOf(["ended"]) });
    await tab.goto("/topup");
    await connect(tab);
    const carried = tab.waitForRequest((request) => "x-auth-token" in request.headers());
    await pickTestWallet(tab);
    const token = (await carried).headers()["x-auth-token"] ?? "";
    await expect.poll(() => balance(tab).textContent(), ENOUGH).toBe("0 credits");
    await house.api.trpc({ "x-auth-token": token }).auth.logout.mutate({ everywhere: true });
    await tab.getByRole("button", { name: "Ask for the balance again" }).click();
    await tab.getByRole("heading", { name: "Sign in with a Solana wallet" }).waitFor();
    await tab.context().close();
  });

  test("on a public chain there is no demo wallet and no test money, and a payment is linked to the explorer", async () => {
    const wallet = walletOf(["public"]);
    const tab = await house.openTab({ wallet });
    await pretend(tab, {
      chain: "devnet",
      faucet: false,
      explorer: "https://explorer.solana.com/tx/{signature}?cluster=devnet",
    });
    await tab.goto("/topup");
    await connect(tab);
    await pickTestWallet(tab);
    await pay(tab);
    await tab.getByText("Your wallet has too little for this").waitFor();
    expect(await tab.getByText(/Demo wallet|Get test money/).count()).toBe(0);
    await tab.getByRole("link", { name: /faucet.circle.com/ }).waitFor();
    house.localnet.faucet(wallet.keys[0]?.address ?? "", { sol: 1, usdc: 3 });
    await pay(tab);
    await tab.getByRole("heading", { name: "5 credits added" }).waitFor();
    const link = tab.getByRole("link", { name: /See the transaction in the explorer/ });
    expect(await link.getAttribute("href")).toMatch(
      /^https:\/\/explorer\.solana\.com\/tx\/[1-9A-HJ-NP-Za-km-z]{64,88}\?cluster=devnet$/,
    );
    await tab.context().close();
  });

  test("a wallet that signs plain messages and sends payments itself pays as well", async () => {
    const wallet = walletOf(["sends"], { pays: "sends", signsIn: false });
    house.localnet.faucet(wallet.keys[0]?.address ?? "", { sol: 1, usdc: 3 });
    const tab = await house.openTab({ wallet });
    await tab.goto("/topup");
    await connect(tab);
    await pickTestWallet(tab);
    await tab.getByLabel("Credits to buy").fill("7");
    await tab.getByRole("button", { name: "Pay 0.70 USDC" }).click();
    await tab.getByRole("heading", { name: "7 credits added" }).waitFor();
    expect(await walletIn.asked(tab)).toEqual(["connect", "message", "payment"]);
    await tab.context().close();
  });
});
