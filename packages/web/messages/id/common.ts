import type { common as en } from "../en/common.ts";

export const common: typeof en = {
  span: {
    seconds: "{seconds} dtk",
    minutes: "{minutes} mnt",
    minutesSeconds: "{minutes} mnt {seconds} dtk",
    hours: "{hours} jam",
    hoursMinutes: "{hours} jam {minutes} mnt",
  },
  roughly: {
    soon: "beberapa detik",
    seconds: "sekitar {seconds} dtk",
    minutes: "sekitar {minutes} mnt",
    hours: "sekitar {hours} jam",
  },
  size: { B: "{value} B", kB: "{value} kB", MB: "{value} MB", GB: "{value} GB", TB: "{value} TB" },
};
