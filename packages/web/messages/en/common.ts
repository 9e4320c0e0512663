export const common = {
  span: {
    seconds: "{seconds} s",
    minutes: "{minutes} min",
    minutesSeconds: "{minutes} min {seconds} s",
    hours: "{hours} h",
    hoursMinutes: "{hours} h {minutes} min",
  },
  roughly: {
    soon: "a few seconds",
    seconds: "about {seconds} s",
    minutes: "about {minutes} min",
    hours: "about {hours} h",
  },
  size: { B: "{value} B", kB: "{value} kB", MB: "{value} MB", GB: "{value} GB", TB: "{value} TB" },
};
