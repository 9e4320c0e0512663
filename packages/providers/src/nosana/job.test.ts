import { PORTABLE_SETTINGS } from "@kangklip/contract";
import { type components, validateJobDefinition } from "@nosana/types";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aLaunch } from "../testing.ts";
import { checkReachable, checkSettings, deploymentOf, imageProblem, jobTimeOf, namesOf } from "./job.ts";

const IMAGE = `ghcr.io/kangklip/worker@sha256:${"0".repeat(64)}`;
const there = { name: "kk:ours:kk-1-e1", market: "M", image: IMAGE, settings: {} };
const { requirements } = aLaunch();

describe("the deployment of a launch", () => {
  test("is what the service takes: once, confidential, on a GPU, its time in minutes, all variables as text", () => {
    const spec = aLaunch({ requirements: { ...requirements, maxRuntimeSeconds: 3601, minVramGb: 8 } });
    const body: components["schemas"]["DeploymentCreateBody"] = deploymentOf(spec, {
      ...there,
      settings: { RENDER_CRF: "20" },
    });
    expect(body).toEqual({
      ...{ name: "kk:ours:kk-1-e1", market: "M", replicas: 1, strategy: "SIMPLE", confidential: true },
      timeout: 61 + 10,
      job_definition: {
        ...{ version: "0.1", type: "container" },
        meta: { trigger: "api", system_requirements: { required_vram: 8 } },
        ops: [
          {
            ...{ type: "container/run", id: "worker" },
            args: { image: IMAGE, gpu: true, env: { ...spec.env, RENDER_CRF: "20" } },
          },
        ],
      },
    });
    expect(validateJobDefinition(body.job_definition)).toMatchObject({ success: true });
  });

  test("passes the service's own validator whatever a launch asks for, and holds nothing else", () => {
    const settings = fc.dictionary(
      fc.constantFrom(...PORTABLE_SETTINGS),
      fc.string({ maxLength: 60 }).filter((text) => !text.includes("%%")),
    );
    const asked = fc.record({
      maxRuntimeSeconds: fc.integer({ min: 1, max: 86_400 }),
      minVramGb: fc.option(fc.integer({ min: 1, max: 192 }), { nil: undefined }),
      gpu: fc.constantFrom("required" as const, "preferred" as const, "none" as const),
    });
    fc.assert(
      fc.property(settings, asked, (given, { minVramGb, ...more }) => {
        const spec = aLaunch({
          requirements: { diskGb: 20, ...more, ...(minVramGb !== undefined && { minVramGb }) },
        });
        const { job_definition, timeout } = deploymentOf(spec, { ...there, settings: given });
        expect(validateJobDefinition(job_definition)).toMatchObject({ success: true });
        expect(timeout * 60).toBeGreaterThanOrEqual(more.maxRuntimeSeconds + 600);
        expect(timeout * 60).toBeLessThan(more.maxRuntimeSeconds + 660);
        expect(Object.keys(job_definition.ops[0]?.args.env ?? {}).toSorted()).toEqual(
          [...new Set([...Object.keys(spec.env), ...Object.keys(given)])].toSorted(),
        );
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  test("the validator would say if something were wrong", () => {
    const { job_definition } = deploymentOf(aLaunch(), there);
    const [op] = job_definition.ops;
    const wrong = [
      { ...job_definition, ops: [{ ...op, id: "the worker" }] },
      { ...job_definition, ops: [op, op] },
      { ...job_definition, ops: [{ ...op, args: { ...op?.args, env: { PORT: 1 } } }] },
      { ...job_definition, secrets: {} },
    ];
    for (const definition of wrong)
      expect(validateJobDefinition(definition), JSON.stringify(definition)).toMatchObject({ success: false });
  });

  test("a launch can neither bring its own settings nor take the place of a variable", () => {
    const spec = aLaunch();
    const { KK_CLAIM_TOKEN, ...less } = spec.env;
    expect(KK_CLAIM_TOKEN).toBeDefined();
    for (const env of [
      { ...spec.env, LLM_API_KEY: "x" },
      less,
      { ...spec.env, KK_API_URL: "https://a/%%global.x%%" },
    ])
      expect(() => deploymentOf({ ...spec, env: env as typeof spec.env }, there)).toThrow(
        expect.objectContaining({ kind: "INVALID" }),
      );
    const shadowed = deploymentOf(spec, { ...there, settings: { KK_CLAIM_TOKEN: "theirs" } });
    expect(shadowed.job_definition.ops[0]?.args.env.KK_CLAIM_TOKEN).toBe(spec.env.KK_CLAIM_TOKEN);
  });
});

test("only settings that mean the same everywhere go along, and none that a node would take for a variable", () => {
  checkSettings(Object.fromEntries(PORTABLE_SETTINGS.map((name) => [name, "1"])));
  for (const name of [
    "LLM_API_KEY",
    "R2_SECRET_ACCESS_KEY",
    "NOSANA_API_KEY",
    "MODEL_PATH",
    "RENDER_",
    "PATH",
  ])
    expect(() => checkSettings({ [name]: "x" })).toThrow(name);
  expect(() => checkSettings({ CAPTION_FONT: "%%global.env%%" })).toThrow("%%");
});

test.each([
  [IMAGE, undefined],
  [`localhost:5000/kk/worker:2@sha256:${"a".repeat(64)}`, undefined],
  ["ghcr.io/kangklip/worker:2.0.0", "tag"],
  ["kangklip/worker", "tag"],
  ["worker", "tag"],
  ["a__b/c-d.e", "tag"],
  ["", "wrong"],
  ["KangKlip/worker", "wrong"],
  ["kk/worker:2 --privileged", "wrong"],
  ["kk/worker\n", "wrong"],
  [`kk/worker@sha256:${"0".repeat(63)}`, "wrong"],
  ["https://ghcr.io/kk/worker", "wrong"],
  [`${"a".repeat(500)}`, "wrong"],
])("the image %j: %s", (image, problem) => {
  expect(imageProblem(image)).toBe(problem);
});

test("a service that no node could reach is not launched for", () => {
  for (const url of [
    "https://clips.example.com",
    "http://203.0.114.9:8000/x",
    "https://clips.example.com:8443",
  ])
    checkReachable(url);
  for (const url of [
    "http://127.0.0.1:3000",
    "http://localhost:3000",
    "http://192.168.1.5",
    "http://[::1]",
    "http://api:3000",
    "http://10.0.0.1",
  ])
    expect(() => checkReachable(url), url).toThrow(
      expect.objectContaining({ kind: "UNSUPPORTED", message: expect.stringContaining("WORKER_API_URL") }),
    );
});

test("an image without a name is not launched", () => {
  expect(() => deploymentOf(aLaunch(), { ...there, image: "Not An Image" })).toThrow(
    expect.objectContaining({ kind: "IMAGE" }),
  );
});

test("an installation knows its own deployments by their names", () => {
  const { nameOf, launchKeyOf, prefix } = namesOf("ours");
  const { launchKey } = aLaunch();
  expect(nameOf(launchKey)).toBe(`kk:ours:${launchKey}`);
  expect(launchKeyOf(nameOf(launchKey))).toBe(launchKey);
  for (const other of [
    "",
    "kk:ours:",
    "kk:theirs:kk-1-e1",
    "kk:ours:something",
    `kk:ours:kk-${"1".repeat(90)}`,
    "x",
    prefix,
  ])
    expect(launchKeyOf(other)).toBeUndefined();
  for (const scope of ["", "a", "Ours", "a:b", "kk:ours", "x".repeat(13)])
    expect(() => namesOf(scope)).toThrow("scope");
});

test("the time of a job is in its launches' keys", () => {
  expect(jobTimeOf("kk-01aryz6s410000000000000000-e1")).toBe(1_469_918_176_385);
  for (const none of ["", "kk-", "kk-1-e1", "kk-0000000000-e1"]) expect(jobTimeOf(none)).toBeUndefined();
});
