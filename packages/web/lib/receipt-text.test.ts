import { Receipt } from "@kangklip/contract";
import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { receiptRows, receiptTotals, toolsText, wastedText } from "./receipt-text.ts";

const t = translateTo("en");
const aReceipt = (overrides: Partial<Receipt> = {}): Receipt =>
  Receipt.parse({
    job_id: "kk_01J00000000000000000000000",
    epoch: 2,
    seconds: { total: 80.2 },
    transcriber: "whisper",
    selector: "heuristic",
    encoder: "libx264",
    fetched_bytes: 18_086_894,
    output_bytes: 7_871_176,
    machine: { cpus: 2, platform: "linux-x64", gpu: null },
    tools: { ffmpeg: "5.1.9", node: "v24.21.0" },
    notes: [],
    ...overrides,
  });

test("each stage says how long it took, on what, and what came of it", () => {
  const stages: Receipt["stages"] = [
    { stage: "DOWNLOAD", seconds: 0.63, device: "network", executed: 1, reused: 0, bytes_in: 18_086_894 },
    { stage: "TRANSCRIPT", seconds: 0.04, device: "gpu", executed: 0, reused: 1 },
    { stage: "SELECT", seconds: 3, device: "model", executed: 1, reused: 0, tokens_in: 5210, tokens_out: 61 },
    { stage: "RENDER", seconds: 71.2, cpu_seconds: 130, device: "cpu", executed: 1, reused: 2, usd: 0 },
  ];
  expect(receiptRows(t, aReceipt({ stages }))).toEqual([
    { stage: "Download", took: "0.6 s over the network", facts: ["18.1 MB in"] },
    { stage: "Transcript", took: "0 s on the graphics card", facts: ["taken from an earlier run"] },
    {
      stage: "Select",
      took: "3 s with a language model",
      facts: ["5,210 tokens read, 61 written"],
    },
    {
      stage: "Render",
      took: "1 min 11 s on the processor",
      facts: [
        "1 clip rendered",
        "2 clips taken from an earlier run",
        "2 min 10 s of processor time",
        expect.stringContaining("$0"),
      ],
    },
  ]);
});

test("the whole says what is known, and nothing of costs that are not", () => {
  expect(receiptTotals(t, aReceipt(), null)).toEqual([
    ["Work", "1 min 20 s"],
    ["Fetched", "18.1 MB"],
    ["Made", "7.9 MB"],
    ["Machine", "2 processors, no graphics card (linux-x64)"],
    ["Encoder", "libx264"],
  ]);
  const model = { stage: "SELECT", seconds: 1, device: "model", executed: 1, reused: 0, usd: 0.003 } as const;
  expect(receiptTotals(t, aReceipt({ stages: [model] }), 0.25).map(([term]) => term)).toEqual(
    expect.arrayContaining(["Machine cost", "Language model"]),
  );
});

test("an attempt that came to nothing says where it was, what it cost and how it ended", () => {
  const wasted = { epoch: 1, provider: "nosana", outcome: "LEASE_LOST", seconds: 131, usd: 0.002 };
  expect(wastedText(t, wasted)).toBe(
    "Attempt 1 on Nosana ran 2 min 11 s, cost $0.002, ended with LEASE_LOST.",
  );
  expect(wastedText(t, { ...wasted, provider: null, seconds: null, usd: null })).toBe(
    "Attempt 1 ended with LEASE_LOST.",
  );
});

test("tools are named with their versions", () => {
  expect(toolsText(aReceipt())).toBe("ffmpeg 5.1.9, node v24.21.0");
});
