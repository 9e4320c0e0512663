import { CreateShare, SharedClips, ShareView } from "@kangklip/contract";
import { z } from "zod";
import { type Route, row } from "./rest-row.ts";

const sharesPath = "/api/jobs/{job_id}/shares";

/** Links to clips for people who have no token. */
export const SHARES_ROUTES: Route[] = [
  {
    method: "post",
    path: sharesPath,
    summary: "Make a link by which others may watch and save clips of a finished job",
    tag: "clips",
    headers: ["x-job-token"],
    body: CreateShare.omit({ job_id: true }),
    answer: ShareView,
    call: row("shares", "create"),
  },
  {
    method: "get",
    path: sharesPath,
    summary: "The links to clips of a job that have neither expired nor been revoked",
    tag: "clips",
    headers: ["x-job-token"],
    answer: z.array(ShareView),
    call: row("shares", "list"),
  },
  {
    method: "delete",
    path: `${sharesPath}/{share_id}`,
    summary: "Revoke a link to clips; the answer is what is left",
    tag: "clips",
    headers: ["x-job-token"],
    answer: z.array(ShareView),
    call: row("shares", "revoke"),
  },
  {
    method: "get",
    path: "/api/shares/{token}",
    summary: "The clips that a link leads to, as they are shown now",
    tag: "clips",
    answer: SharedClips,
    call: row("shares", "view"),
  },
];
