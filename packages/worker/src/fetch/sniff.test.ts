import { expect, test } from "vitest";
import { sniff } from "./sniff.ts";

const hex = (text: string) => Buffer.from(text, "hex");
const ts = (first: number, step: number) => {
  const packet = Buffer.alloc(step * 4, 0xff);
  for (let at = first; at < packet.length; at += step) packet[at] = 0x47;
  return packet;
};

test.each<[string, Buffer, ReturnType<typeof sniff>]>([
  ["MP4", Buffer.from("\0\0\0\x18ftypmp42"), { kind: "media", extension: "mp4" }],
  [
    "QuickTime that begins with mdat",
    Buffer.from("\0\0\0\x08wide\0\0\0\0mdat"),
    { kind: "media", extension: "mp4" },
  ],
  [
    "an AVIF picture in an MP4's clothes",
    Buffer.from("\0\0\0\x18ftypavif"),
    { kind: "other", name: "a picture" },
  ],
  [
    "Matroska",
    Buffer.concat([hex("1a45dfa3a3428682"), Buffer.from("matroska")]),
    { kind: "media", extension: "mkv" },
  ],
  [
    "WebM",
    Buffer.concat([hex("1a45dfa39f428682"), Buffer.from("webm")]),
    { kind: "media", extension: "webm" },
  ],
  ["an MPEG transport stream", ts(0, 188), { kind: "media", extension: "ts" }],
  ["a camera's transport stream", ts(4, 192), { kind: "media", extension: "ts" }],
  ["AVI", Buffer.from("RIFF\0\0\0\0AVI LIST"), { kind: "media", extension: "avi" }],
  ["FLV", Buffer.from("FLV\x01\x05"), { kind: "media", extension: "flv" }],
  ["Ogg", Buffer.from("OggS\0\x02"), { kind: "media", extension: "ogg" }],
  ["WAV", Buffer.from("RIFF\0\0\0\0WAVEfmt "), { kind: "sound", extension: "wav", name: "WAV" }],
  ["FLAC", Buffer.from("fLaC\0"), { kind: "sound", extension: "flac", name: "FLAC" }],
  ["MP3 with a tag", Buffer.from("ID3\x04\0"), { kind: "sound", extension: "mp3", name: "MP3" }],
  ["MP3 without one", hex("fffb9064"), { kind: "sound", extension: "mp3", name: "MP3" }],
  ["ADTS", hex("fff15080"), { kind: "sound", extension: "aac", name: "AAC" }],
  ["an HLS playlist", Buffer.from("#EXTM3U\n#EXT-X-VERSION:3"), { kind: "hls" }],
  ["an HLS playlist behind a byte order mark", Buffer.from("\uFEFF#EXTM3U\n"), { kind: "hls" }],
  [
    "a DASH manifest",
    Buffer.from('<?xml version="1.0"?>\n<!-- x -->\n<MPD type="static">'),
    { kind: "dash" },
  ],
  ["a DASH manifest with a prefix", Buffer.from("<mpd:MPD xmlns:mpd='x'>"), { kind: "dash" }],
  ["a page", Buffer.from("\r\n  <!DOCTYPE html><html>"), { kind: "page" }],
  ["a page in UTF-16", Buffer.from("\uFEFF<html><body>", "utf16le"), { kind: "page" }],
  ["a PNG", hex("89504e470d0a1a0a0000"), { kind: "other", name: "a PNG picture" }],
  ["an SVG", Buffer.from("<svg xmlns='x'>"), { kind: "other", name: "an SVG picture" }],
  ["Windows Media", hex("3026b2758e66cf11a6d9"), { kind: "other", name: "a Windows Media file" }],
  ["an MPEG program stream", hex("000001ba44000400"), { kind: "other", name: "an MPEG program stream" }],
  ["a concat list", Buffer.from("ffconcat version 1.0\nfile a"), { kind: "other", name: "a list of files" }],
  ["JSON", Buffer.from('{"error":"no"}'), { kind: "other", name: "JSON text" }],
  ["nothing", Buffer.alloc(0), { kind: "empty" }],
  ["three bytes", Buffer.from("abc"), { kind: "unknown" }],
  ["noise", hex("deadbeef00112233445566778899"), { kind: "unknown" }],
])("%s is known by its first bytes", (_name, head, expected) => {
  expect(sniff(head)).toEqual(expected);
});

test("a page that comes compressed is a page all the same", () => {
  expect(sniff(hex("1f8b0800"), "text/html")).toEqual({ kind: "page" });
  expect(sniff(hex("1f8b0800"))).toEqual({ kind: "other", name: "a gzip archive" });
});

test("the content type counts only where the bytes say nothing", () => {
  expect(sniff(Buffer.from("hello"), "text/html; charset=utf-8")).toEqual({ kind: "page" });
  expect(sniff(Buffer.from("\0\0\0\x18ftypmp42"), "text/html")).toEqual({ kind: "media", extension: "mp4" });
});
