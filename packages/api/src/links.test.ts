import { expect, test } from "vitest";
import { startTestApi } from "./testing.ts";

const changed = (text: string, place: number) =>
  text.slice(0, place) + (text[place] === "A" ? "B" : "A") + text.slice(place + 1);

test("a link to a file opens that file alone, as it was signed", async () => {
  await using api = await startTestApi();
  const { job_id, job_token } = (
    await api.rest("POST", "/api/jobs", {
      ...{ video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 },
    })
  ).body;
  expect((await api.until(job_id)).status).toBe("SUCCEEDED");
  const asked = await api.rest("GET", `/api/jobs/${job_id}/clips/clip_01.mp4/download`, undefined, {
    "x-job-token": job_token,
  });
  const link = new URL(asked.body.url, api.url);
  expect((await fetch(link)).status).toBe(200);
  const wrong: Record<string, (one: URL) => void> = {
    "another file": (one) => {
      one.pathname = one.pathname.replace("clip_01.mp4", "edl.json");
    },
    "another job": (one) => {
      one.pathname = one.pathname.replace(job_id, "kk_01JD0000000000000000000000");
    },
    "a longer life": (one) => one.searchParams.set("expires", "9999999999"),
    "no end": (one) => one.searchParams.delete("expires"),
    "another name to save it under": (one) => one.searchParams.set("download", "evil.html"),
    "no name to save it under": (one) => one.searchParams.delete("download"),
    "no signature": (one) => one.searchParams.delete("signature"),
    "an empty signature": (one) => one.searchParams.set("signature", ""),
    "one character off": (one) =>
      one.searchParams.set("signature", changed(one.searchParams.get("signature") ?? "", 5)),
    "half a signature": (one) =>
      one.searchParams.set("signature", (one.searchParams.get("signature") ?? "").slice(0, 20)),
    "a job's token for a signature": (one) => one.searchParams.set("signature", job_token),
    "one field more": (one) => one.searchParams.set("more", "1"),
  };
  const answers = new Set<string>();
  for (const [what, change] of Object.entries(wrong)) {
    const one = new URL(link);
    change(one);
    const answer = await fetch(one);
    expect(answer.status, what).toBe(403);
    answers.add(await answer.text());
  }
  const put = await fetch(link, { method: "PUT", body: "x" });
  expect(put.status).toBe(403);
  answers.add(await put.text());
  expect(answers.size).toBe(1);
});
