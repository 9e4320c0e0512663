import type { Measure } from "./report.ts";

/** The parts of the bench, in the order in which they run. What a part needs is loaded with it: some bring the whole service. */
export const MEASURES: readonly Measure[] = [
  {
    name: "captions",
    async run({ quick, onProgress }) {
      const { measureCaptions } = await import("./captions.ts");
      const { measureCaptionFaults } = await import("./caption-faults.ts");
      const made = await measureCaptions({ utterances: quick ? 440 : 5000 });
      onProgress("hostile texts");
      const { utterances, scripts, captions, lines, rows } = made;
      return {
        rows: [...rows, ...(await measureCaptionFaults())],
        about: [
          `${utterances} utterances in ${scripts.length} scripts: ${captions} captions, ${lines} lines.`,
        ],
      };
    },
  },
  {
    name: "selection",
    run: async ({ quick, onProgress }) =>
      (await import("./selection.ts")).measureSelection({ quick, onProgress }),
  },
  {
    name: "framing",
    async run({ quick, signal, onProgress }) {
      const { measureFraming } = await import("./framing.ts");
      const { rows, scenes } = await measureFraming({
        ...{ quick, signal },
        onProgress: (done, total, name) => onProgress(`scene ${done} of ${total}: ${name}`),
      });
      const seconds = scenes.reduce((sum, { scene }) => sum + scene.seconds, 0);
      return {
        rows,
        about: [
          `${scenes.length} drawn scenes, ${Math.round(seconds)} s, of which every head, turn and cut is known.`,
        ],
      };
    },
  },
  {
    name: "files",
    run: async (options) => (await import("./files.ts")).measureFiles(options),
  },
  {
    name: "talk",
    run: async (options) => (await import("./talk.ts")).measureTalk(options),
  },
];
