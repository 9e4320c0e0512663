import type { Request } from "express";
import { z } from "zod";
import type { ViewText } from "./jobs/view-text.ts";
import type { appRouter } from "./router.ts";
import type { Context } from "./trpc.ts";

type Caller = ReturnType<typeof appRouter.createCaller>;
type Header = "x-job-token" | "x-auth-token" | "x-callback-token" | "x-attempt-token" | "x-upload-token";

/** One documented path. `{name}` in the path is a parameter, and counts more than the body's field of that name. */
export interface Route {
  method: "get" | "post" | "delete";
  path: string;
  summary: string;
  tag: string;
  headers?: Header[];
  /** Headers that mean something and may be left out. */
  mayHave?: Header[];
  /** Headers that are fields of the procedure's input, with the fields' names. */
  fields?: Partial<Record<Header, string>>;
  body?: z.ZodType;
  query?: z.ZodType;
  answer: z.ZodType;
  /** The procedure, given parameters, query and body as one object. */
  call(caller: Caller, input: never): Promise<unknown>;
  /** What the procedure does with such an input, without tRPC's steps around it, where that is much of the whole; not for requests with an `Idempotency-Key`. */
  plain?(context: Context, input: unknown): Promise<unknown>;
  /** The same answer as text that was written out before, where one is asked for by many. */
  text?(context: Context, params: Request["params"]): Promise<ViewText>;
}

/** The procedure of this name in the router of that one. */
export const row = <Name extends keyof Caller, Procedure extends keyof Caller[Name]>(
  name: Name,
  procedure: Procedure,
): Route["call"] => {
  return (caller, input) => (caller[name][procedure] as (input: unknown) => Promise<unknown>)(input);
};
export const Ok = z.object({ ok: z.literal(true) });
