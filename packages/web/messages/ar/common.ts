import type { common as en } from "../en/common.ts";

export const common: typeof en = {
  span: {
    seconds: "{seconds} ث",
    minutes: "{minutes} د",
    minutesSeconds: "{minutes} د {seconds} ث",
    hours: "{hours} س",
    hoursMinutes: "{hours} س {minutes} د",
  },
  roughly: {
    soon: "بضع ثوانٍ",
    seconds: "نحو {seconds} ث",
    minutes: "نحو {minutes} د",
    hours: "نحو {hours} س",
  },
  size: {
    B: "{value} بايت",
    kB: "{value} كيلوبايت",
    MB: "{value} ميغابايت",
    GB: "{value} غيغابايت",
    TB: "{value} تيرابايت",
  },
};
