/**
 * A program that takes yt-dlp's arguments: it writes them down, answers -J with ORIGIN/info.json and fetches ORIGIN/media or
 * ORIGIN/sound, everything through --proxy as the real one does.
 */
export const FAKE_YT_DLP = `#!${process.execPath}
const { appendFileSync, writeFileSync, readFileSync } = require("node:fs");
const { get } = require("node:http");
const args = process.argv.slice(2);
if (args[0] === "--version") { console.log("2026.01.01"); process.exit(0); }
const after = (name) => args[args.lastIndexOf(name) + 1];
appendFileSync(__filename + ".log", JSON.stringify({ args, env: { proxy: process.env.https_proxy, no: process.env.no_proxy } }) + "\\n");
const origin = "ORIGIN";
const proxy = new URL(after("--proxy"));
const fetched = (path) => new Promise((resolve, reject) => {
  const headers = { host: new URL(origin).host, "proxy-authorization": "Basic " + Buffer.from(proxy.username + ":" + proxy.password).toString("base64") };
  get({ host: proxy.hostname, port: proxy.port, path: new URL(path, origin).href, headers, agent: false }, (response) => {
    if (response.statusCode !== 200) return reject(new Error("HTTP Error " + response.statusCode));
    const chunks = [];
    response.on("data", (chunk) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks))).on("error", reject);
  }).on("error", reject);
});
const main = async () => {
  if (args.includes("-J")) return void process.stdout.write(await fetched("/info.json"));
  const { aim = "/media" } = JSON.parse(readFileSync(after("--load-info-json"), "utf8"));
  if (aim === "too large") return;
  const isSound = after("-f").startsWith("ba");
  const content = await fetched(isSound ? "/sound" : aim);
  console.log("KK 0 " + content.length + " NA");
  console.log("KK " + content.length + " " + content.length + " NA");
  writeFileSync(after("-o").replace("%(ext)s", isSound ? "m4a" : "mp4"), content);
};
main().catch((error) => { console.error("ERROR: [fake] x: " + error.message); process.exit(1); });
`;
