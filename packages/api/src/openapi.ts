import { Problem } from "@kangklip/contract";
import { z } from "zod";
import { ROUTES } from "./rest.ts";
import type { Route } from "./rest-row.ts";
import { VERSION } from "./services.ts";

const HEADERS: Record<string, string> = {
  "x-job-token":
    "The job_token that came with the job. The wallet that the job belongs to may send its x-auth-token instead",
  "x-auth-token": "The auth_token of a wallet that has signed in",
  "x-callback-token": "The attempt_token that came with the claim; there is no token for all attempts",
  "x-attempt-token": "The attempt_token that came with the claim",
  "x-upload-token": "The upload_token that came with the upload",
};
const schemaOf = (schema: z.ZodType, io: "input" | "output") => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    unrepresentable: "any",
  });
  return json;
};
const json = (schema: object) => ({ content: { "application/json": { schema } } });

/** The OpenAPI 3.1 document, made from the same table and schemas that answer the requests. */
export function openApiDocument() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  paths["/api/jobs/{job_id}/clips/{clip_file}"] = { get: STREAM };
  return {
    openapi: "3.1.0",
    info: {
      title: "KangKlip",
      version: VERSION,
      description:
        "The URL of a long video becomes vertical clips. Every error is `{detail}` with a stable `code` and what to do about it.",
    },
    tags: ["jobs", "clips", "uploads", "credits", "worker", "system"].map((name) => ({ name })),
    paths,
    components: { schemas: { Problem: schemaOf(Problem, "output") } },
  };
}

function operation(route: Route) {
  const parameters = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
    parameter("path", name ?? "", true),
  );
  for (const name of route.headers ?? []) parameters.push(parameter("header", name, true, HEADERS[name]));
  for (const name of Object.keys(route.fields ?? {}))
    parameters.push(parameter("header", name, true, HEADERS[name]));
  for (const name of route.mayHave ?? []) parameters.push(parameter("header", name, false, HEADERS[name]));
  if (route.query instanceof z.ZodObject)
    for (const name of Object.keys(route.query.shape)) parameters.push(parameter("query", name, false));
  if (route.method === "post")
    parameters.push(
      parameter(
        "header",
        "idempotency-key",
        false,
        "1 to 255 visible ASCII characters. What was done is answered again for 24 hours; the same key with another request is 422, and 409 while another process still answers the first one. Refusals (4xx) and failures (5xx) are not kept.",
      ),
    );
  return {
    summary: route.summary,
    tags: [route.tag],
    operationId: `${route.method}_${route.path.replace(/^\/api\//, "").replace(/\W+/g, "_")}`.replace(
      /_$/,
      "",
    ),
    parameters,
    ...(route.body && { requestBody: { required: true, ...json(schemaOf(route.body, "input")) } }),
    responses: {
      200: { description: "Done", ...json(schemaOf(route.answer, "output")) },
      default: PROBLEM,
    },
  };
}

const parameter = (place: string, name: string, required: boolean, description?: string) => ({
  in: place,
  name,
  required,
  schema: { type: "string" },
  ...(description && { description }),
});
const PROBLEM = { description: "Refused or failed", ...json({ $ref: "#/components/schemas/Problem" }) };
const VIDEO = { "video/mp4": { schema: { type: "string", format: "binary" } } };
const STREAM = {
  summary: "The bytes of a clip; ranges are answered with 206",
  tags: ["clips"],
  operationId: "get_jobs_clips_stream",
  parameters: [
    parameter("path", "job_id", true),
    parameter("path", "clip_file", true),
    parameter("header", "x-job-token", true, HEADERS["x-job-token"]),
    parameter("header", "range", false),
  ],
  responses: {
    200: { description: "The whole clip", content: VIDEO },
    206: { description: "Part of it", content: VIDEO },
    default: PROBLEM,
  },
};
