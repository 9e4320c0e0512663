import { CLOCK, GUEST, HOST, TalkScene, WIDE } from "./talk-scene.tsx";

const WORDS =
  "He had no degree and no friends at court. The man who solved it was a carpenter. He built clocks of wood.";
const CHOSEN = "The man who solved it was a carpenter.";

/** What happens between the address and the clips, in the order in which it happens. */
export function HowItWorks() {
  const [before = "", after = ""] = WORDS.split(CHOSEN);
  return (
    <section aria-labelledby="how" className="page pt-20 sm:pt-28">
      <h2 id="how" className="max-w-xl text-3xl sm:text-4xl">
        From an address to clips, without an editor in between
      </h2>
      <div className="ruler mt-10" aria-hidden="true" />
      <ol className="grid gap-10 pt-8 md:grid-cols-3 md:gap-8">
        <Step
          title="You give it the talk"
          text="An address of a video file, a stream or a page, or a file of your own. Choose how long the clips should be and how many you want."
        >
          <div className="w-full max-w-52">
            <TalkScene view={WIDE} className="block w-full rounded-lg" />
            <p className="mt-2 truncate rounded-md bg-surface px-2.5 py-1.5 text-sm text-soft">
              example.org/longitude.mp4
            </p>
          </div>
        </Step>
        <Step
          title="It listens to all of it"
          text="Every word gets its time. Passages that stand on their own are scored over the whole video, and the best that do not overlap are kept."
        >
          <p className="max-w-64 text-[0.95rem] leading-relaxed text-soft">
            {before}
            <mark className="rounded bg-lit px-1 py-0.5 text-on-lit">{CHOSEN}</mark>
            {after}
          </p>
        </Step>
        <Step
          title="You take the clips"
          text="Vertical, framed on whoever speaks, captioned word by word and evened in loudness. Watch them, then save them as MP4 with subtitles and a cover."
        >
          <div className="flex w-full max-w-60 gap-2 lg:gap-3">
            {[GUEST, HOST, CLOCK].map((view) => (
              <TalkScene key={view} view={view} className="block aspect-[9/16] w-0 flex-1 rounded-lg" />
            ))}
          </div>
        </Step>
      </ol>
    </section>
  );
}

function Step({ title, text, children }: { title: string; text: string; children: React.ReactNode }) {
  return (
    <li className="flex flex-col">
      <div className="flex h-44 items-center justify-center rounded-panel bg-sunk p-4">{children}</div>
      <h3 className="mt-5 text-xl">{title}</h3>
      <p className="mt-2 text-soft">{text}</p>
    </li>
  );
}
