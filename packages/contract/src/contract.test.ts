import { expect, test } from "vitest";
import { z } from "zod";
import {
  Balance,
  Challenge,
  CreateJob,
  ERRORS,
  jobProgress,
  LaunchKey,
  launchKeyOf,
  Manifest,
  STAGE_ENDS,
  STAGES,
  TopupConfirm,
  TopupIntent,
  TopupIntentInput,
  TranscriptFile,
  Unlocked,
  Verified,
  VerifyInput,
  WorkerEnv,
} from "./index.ts";
import { aJob } from "./testing.ts";

test("progress starts each stage where the one before ended, and never leaves its stage", () => {
  expect(STAGES.map((stage) => jobProgress(stage, 0))).toEqual([0, 20, 40, 55, 65, 80]);
  expect(STAGES.map((stage) => jobProgress(stage, 1))).toEqual(STAGES.map((stage) => STAGE_ENDS[stage]));
  expect(jobProgress("RENDER", 7)).toBe(80);
  expect(jobProgress("RENDER", Number.NaN)).toBe(65);
});

test.each([
  [{ clip_duration_seconds: "45" }, "clip_duration_seconds is required"],
  [{ clip_duration_seconds: 29 }, "clip_duration_seconds must be between 30 and 60"],
  [{ clip_duration_seconds: 30.5 }, "clip_duration_seconds must be between 30 and 60"],
  [{ clip_count: undefined }, "clip_count is required"],
  [{ clip_count: 6 }, "clip_count must be between 1 and 5"],
  [{ clip_count: 2.5 }, "clip_count must be between 1 and 5"],
  [{ language: "tlh" }, "language must be en, id, or auto"],
  [{ language: "EN" }, "language must be en, id, or auto"],
  [{ language: "yue" }, "language must be en, id, or auto"], // not every whisper model knows it
  [{ video_url: "" }, "video_url is required"],
  [{ video_url: 5 }, "video_url is required"],
  [{ video_url: undefined }, "video_url is required"],
  [{ video_url: undefined, clip_count: 9 }, "video_url is required"],
  [{ video_url: "file:///etc/passwd" }, "video_url must be a valid URL"],
])("a job with %j is refused with the documented text", (overrides, text) => {
  const parsed = CreateJob.safeParse({ ...aJob(), ...overrides });
  expect(parsed.error?.issues.map(({ message }) => message)).toContain(text);
});

test("a job without a language listens for it", () => {
  const { language: _, ...job } = aJob();
  expect(CreateJob.parse(job).language).toBe("auto");
  expect(CreateJob.parse({ ...job, language: null }).language).toBe("auto");
});

test.each(["en", "id", "auto", "fr", "zh", "ar", "haw"] as const)(
  "a job may say that %s is spoken",
  (language) => {
    expect(CreateJob.parse(aJob({ language })).language).toBe(language);
  },
);

test("a launch key is made of the job and the attempt", () => {
  const key = launchKeyOf("kk_01JD0000000000000000000000", 12);
  expect(key).toBe("kk-01jd0000000000000000000000-e12");
  expect(LaunchKey.safeParse(key).success).toBe(true);
});

test("a launch carries nothing but its four variables", () => {
  const env = {
    KK_API_URL: "http://127.0.0.1:8000",
    KK_LAUNCH_KEY: "kk-01jd0000000000000000000000-e1",
    KK_CLAIM_TOKEN: "x".repeat(43),
  };
  expect(WorkerEnv.parse(env).KK_LOG_LEVEL).toBe("info");
  expect(WorkerEnv.safeParse({ ...env, LLM_API_KEY: "secret" }).success).toBe(false);
});

test("a 1.x manifest and transcript are still read", () => {
  const manifest = Manifest.parse({
    job_id: "kk_01JD0000000000000000000000",
    clips: [
      {
        index: 1,
        title: "A title",
        hook: "A hook",
        start: 300,
        end: 345,
        duration: 45,
        segments: [{ start: 300, end: 345, text: "…" }],
        file: "clip_01.mp4",
      },
    ],
    selection: { mode: "llm_api", endpoint: "https://llm.example/v1" },
  });
  expect(manifest.clips[0]?.file).toBe("clip_01.mp4");
  expect(
    TranscriptFile.parse([
      { text: "Hello", start: 0, duration: 3.2, words: [{ word: "Hello", start: 0, end: 0.4 }] },
    ]),
  ).toHaveLength(1);
});

test.each([1, 10_000])("%s credits can be bought at once", (credits_to_buy) => {
  expect(TopupIntentInput.parse({ credits_to_buy })).toEqual({ credits_to_buy });
});

test.each([0, -1, 1.5, 10_001, 1e300, Number.NaN, Number.POSITIVE_INFINITY, "5", true, null, undefined])(
  "%s credits cannot be bought",
  (credits_to_buy) => {
    const { error } = TopupIntentInput.safeParse({ credits_to_buy });
    expect(error?.issues[0]?.message).toBe("credits_to_buy must be a positive integer");
  },
);

test("what a wallet answers needs no text of its own, and one that is given is base64", () => {
  const answer = { wallet_address: "w", nonce: "n", signature: "s" };
  expect(VerifyInput.parse(answer)).toEqual(answer);
  expect(VerifyInput.parse({ ...answer, signed_message: null })).toEqual(answer);
  expect(VerifyInput.parse({ ...answer, signed_message: "YQ==" }).signed_message).toBe("YQ==");
  for (const signed_message of [7, "%", "YQ=", "Y\nQ==", "A".repeat(8196)])
    expect(VerifyInput.safeParse({ ...answer, signed_message }).success).toBe(false);
});

test("the documented fields of 1.x come first in what auth and credits answer", () => {
  const keys = (schema: z.ZodObject) => Object.keys(schema.shape);
  expect(keys(Challenge).slice(0, 4)).toEqual(["wallet_address", "challenge", "nonce", "expires_in"]);
  expect(keys(Verified)).toEqual(["auth_token", "expires_in"]);
  expect(keys(Balance)[0]).toBe("credits");
  expect(keys(TopupIntent).slice(0, 11)).toEqual([
    ...["wallet_address", "credits_to_buy", "amount_base_units", "credit_unit", "program_id", "config_pda"],
    ...["user_credit_pda", "vault_ata", "user_usdc_ata", "usdc_mint", "instruction_data"],
  ]);
  expect(keys(TopupConfirm).slice(0, 2)).toEqual(["credited", "new_balance"]);
  expect(keys(Unlocked)).toEqual(["job_id", "clip_file", "unlocked", "charged_credits", "idempotency"]);
});

test("every code says what to do, in a sentence, and has a status that HTTP knows", () => {
  for (const [code, { action, status }] of Object.entries(ERRORS)) {
    expect(action, code).toMatch(/^[A-Z].*\.$/);
    expect(z.int().min(400).max(599).safeParse(status).success, code).toBe(true);
  }
});
