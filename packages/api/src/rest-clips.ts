import {
  EditClipInput,
  EditedClip,
  Edl,
  RevisionView,
  ShowRevisionInput,
  SignedLink,
  Unlocked,
  UnlockInput,
} from "@kangklip/contract";
import { z } from "zod";
import { type Route, row } from "./rest-row.ts";

const clipPath = "/api/jobs/{job_id}/clips/{clip_file}";

/** The documented paths of what a finished job offers. */
export const CLIPS_ROUTES: Route[] = [
  {
    method: "get",
    path: `${clipPath}/preview`,
    summary: "A link to a small, marked preview",
    tag: "clips",
    headers: ["x-job-token"],
    answer: SignedLink,
    call: row("clips", "preview"),
  },
  {
    method: "get",
    path: `${clipPath}/download`,
    summary: "A link that saves the clip",
    tag: "clips",
    headers: ["x-job-token"],
    answer: SignedLink,
    call: row("clips", "download"),
  },
  {
    method: "post",
    path: `${clipPath}/unlock`,
    summary: "Unlock a clip for one credit",
    tag: "clips",
    headers: ["x-job-token", "x-auth-token"],
    body: UnlockInput.pick({ unlock_request_id: true }),
    answer: Unlocked,
    call: row("clips", "unlock"),
  },
  {
    method: "get",
    path: "/api/jobs/{job_id}/artifacts/{name}",
    summary: "A link to another file of the job: cover, subtitles, transcript.json, edl.json …",
    tag: "clips",
    headers: ["x-job-token"],
    answer: SignedLink,
    call: row("clips", "artifact"),
  },
  {
    method: "post",
    path: `${clipPath}/edit`,
    summary: "Change a clip: a new revision of it is rendered by the job that the answer names",
    tag: "clips",
    headers: ["x-job-token"],
    body: EditClipInput.pick({ base_revision: true, edit: true }),
    answer: EditedClip,
    call: row("clips", "edit"),
  },
  {
    method: "get",
    path: `${clipPath}/revisions`,
    summary: "The revisions of a clip, oldest first",
    tag: "clips",
    headers: ["x-job-token"],
    answer: z.array(RevisionView),
    call: row("clips", "revisions"),
  },
  {
    method: "post",
    path: `${clipPath}/show`,
    summary: "Show another revision of a clip: go back to an earlier one, or forth again",
    tag: "clips",
    headers: ["x-job-token"],
    body: ShowRevisionInput.pick({ revision: true }),
    answer: z.array(RevisionView),
    call: row("clips", "show"),
  },
  {
    method: "get",
    path: "/api/jobs/{job_id}/edl",
    summary: "What is cut, captioned and framed how, in all clips as they are shown",
    tag: "clips",
    headers: ["x-job-token"],
    answer: Edl,
    call: row("clips", "edl"),
  },
];
