import { GUEST, TalkScene, WIDE } from "./talk-scene.tsx";

const CAPTION = ["the", "man", "who", "solved"] as const;
const SECONDS_PER_CYCLE = 2.4;
/** Which of the strip's bars lie in the chosen moment. */
const CHOSEN = { from: 38, to: 62 };
const BARS = Array.from({ length: 96 }, (_, index) => ({
  index,
  height:
    18 + 62 * Math.abs(Math.sin(index * 1.7) * Math.sin(index * 0.31 + 1) + 0.25 * Math.sin(index * 5.1)),
}));

/** The product in one picture: a wide talk, the moment chosen from it, and the vertical clip that comes out. */
export function ProductPicture() {
  return (
    <figure
      className="relative w-full max-w-2xl pb-6 lg:max-w-none"
      role="img"
      aria-label="A wide recording of a talk: a tall frame around the speaker and a chosen stretch of its sound become a vertical clip with captions."
    >
      <div className="w-[81%] overflow-hidden rounded-panel bg-[#10173a] shadow-panel">
        <div className="relative">
          <TalkScene view={WIDE} className="block w-full" />
          <div className="absolute inset-y-0 left-0 w-[51.7%] bg-[#070b1c]/55" />
          <div className="absolute inset-y-0 right-0 w-[16.7%] bg-[#070b1c]/55" />
          <div className="absolute inset-y-0 left-[51.7%] w-[31.6%] border-2 border-lit" />
        </div>
        <div className="relative px-4 py-3">
          <svg
            viewBox="0 0 576 90"
            preserveAspectRatio="none"
            aria-hidden="true"
            className="block h-12 w-full"
          >
            {BARS.map(({ index, height }) => (
              <rect
                key={index}
                x={index * 6 + 1}
                y={45 - height / 2}
                width="4"
                height={height}
                rx="2"
                className={index >= CHOSEN.from && index < CHOSEN.to ? "fill-lit" : "fill-[#52619f]"}
              />
            ))}
          </svg>
          <div className="absolute inset-y-2 left-4 right-4">
            <div className="relative ml-[39.6%] h-full w-[25%]">
              <span className="absolute inset-y-0 left-[40%] w-0.5 animate-[playhead_6s_linear_infinite] rounded bg-[#fff]" />
            </div>
          </div>
        </div>
      </div>
      <div className="absolute right-0 bottom-0 w-[30%] overflow-hidden rounded-panel bg-[#10173a] shadow-panel ring-4 ring-paper">
        <TalkScene view={GUEST} className="block aspect-[9/16] w-full" />
        <p className="absolute inset-x-2 bottom-[17%] text-center text-[clamp(0.8rem,2.4vw,1.2rem)] leading-tight font-bold tracking-tight uppercase lg:text-[clamp(0.9rem,1.45vw,1.2rem)]">
          {CAPTION.map((word, index) => (
            <span key={word}>
              <span
                className={`inline-block rounded px-1 text-[#fff] [-webkit-text-stroke:0.28em_#10173a] [paint-order:stroke_fill] ${index === 3 ? "motion-reduce:bg-lit motion-reduce:text-on-lit motion-reduce:[-webkit-text-stroke:0]" : ""} motion-safe:animate-[spoken_2.4s_linear_infinite]`}
                style={{ animationDelay: `${(index * SECONDS_PER_CYCLE) / CAPTION.length}s` }}
              >
                {word}
              </span>{" "}
            </span>
          ))}
        </p>
      </div>
    </figure>
  );
}
