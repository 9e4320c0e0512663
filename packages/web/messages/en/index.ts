import { builder } from "./builder.ts";
import { clips } from "./clips.ts";
import { common } from "./common.ts";
import { editor } from "./editor.ts";
import { errors } from "./errors.ts";
import { job } from "./job.ts";
import { jobs } from "./jobs.ts";
import { money } from "./money.ts";
import { player } from "./player.ts";
import { receipt } from "./receipt.ts";
import { share } from "./share.ts";
import { site } from "./site.ts";
import { status } from "./status.ts";

export const en = {
  common,
  site,
  errors,
  status,
  builder,
  jobs,
  job,
  clips,
  share,
  receipt,
  player,
  editor,
  money,
};
/** Every language says all that English says. */
export type Messages = typeof en;
