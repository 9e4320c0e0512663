import { expect, test } from "vitest";
import { walletLinks } from "./wallet-links.ts";

test("a desktop is led to where wallets come from", () => {
  const links = walletLinks({ phone: false, origin: "https://clips.example" });
  expect(links.map(({ name }) => name)).toEqual(["Phantom", "Solflare", "Backpack"]);
  expect(links.every(({ href }) => !href.includes("clips.example"))).toBe(true);
});

test("a phone opens the page that sells credits in the wallet's own browser, and nothing else of where it was", () => {
  const [phantom] = walletLinks({ phone: true, origin: "https://clips.example" });
  expect(phantom).toEqual({
    name: "Phantom",
    opens: true,
    href: "https://phantom.app/ul/browse/https%3A%2F%2Fclips.example%2Ftopup?ref=https%3A%2F%2Fclips.example",
  });
  expect(walletLinks({ phone: true, origin: "http://192.168.1.2:3000" })[0]).toMatchObject({
    opens: false,
    href: "https://phantom.com/download",
  });
});
