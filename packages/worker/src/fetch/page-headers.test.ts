import { expect, test } from "vitest";
import { dressOf } from "./page-headers.ts";

const COOKIES =
  'sid="a b;c"; Domain=.cdn.example; Path=/; Secure; Expires=1900000000; own=1; Domain=v.cdn.example; Path=/media; far=1; Domain=.example; Path=/';
const dress = dressOf(() => [
  {
    url: "https://v.cdn.example/media/1.mp4?sig=x",
    http_headers: {
      "User-Agent": "Site/1",
      Referer: "https://site.example/watch",
      "X-Token": "t",
      Authorization: "Bearer t",
      Range: "bytes=0-1",
      Host: "inside",
      Cookie: "all=1",
      "Accept-Encoding": "gzip",
      "X-Bad": "a\r\nhost: inside",
    },
    cookies: COOKIES,
  },
]);
const at = (address: string) => dress(new URL(address));
const FOR_ALL = { "user-agent": "Site/1", referer: "https://site.example/watch" };

test("what a site wants goes with its own requests, and nothing that is ours to say", () => {
  expect(at("https://v.cdn.example/media/1.mp4")).toEqual({
    ...FOR_ALL,
    ...{ "x-token": "t", authorization: "Bearer t", cookie: 'sid="a b;c"; own=1' },
  });
});

test.each([
  ["another host", "https://other.example/1.mp4", FOR_ALL],
  ["a host beside it", "https://b.cdn.example/1.mp4", { ...FOR_ALL, cookie: 'sid="a b;c"' }],
  ["a host that only ends alike", "https://evilcdn.example/1.mp4", FOR_ALL],
  ["another port", "https://v.cdn.example:444/x", { ...FOR_ALL, cookie: 'sid="a b;c"' }],
])("%s is told who asks, and no secret that is not its own", (_name, address, expected) => {
  expect(at(address)).toEqual(expected);
});

test("a cookie for encrypted connections stays there, and one for a folder in it", () => {
  expect(at("http://v.cdn.example/mediathek")).not.toHaveProperty("cookie");
  expect(at("http://v.cdn.example/media/2")).toMatchObject({ cookie: "own=1" });
});

test("without anything known, nothing is said", () => {
  expect(dressOf(() => [])(new URL("https://a.example/"))).toEqual({});
});
